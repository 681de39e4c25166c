"""Paths, routes and firewalls as people read them."""

from __future__ import annotations

from analyzer.contagion.tell.routes import route_text, routes_of
from analyzer.contagion.tell.sentences import (
    facts_of,
    firewall_sentence,
    names_of_unsettled,
    node_text,
    path_sentence,
)

__all__ = [
    "facts_of",
    "firewall_sentence",
    "names_of_unsettled",
    "node_text",
    "path_sentence",
    "route_text",
    "routes_of",
]
