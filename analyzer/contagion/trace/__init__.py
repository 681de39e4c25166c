"""Which way a loss took: edges, flows, paths, and what would have cut them."""

from __future__ import annotations

from analyzer.contagion.trace.attribution import amplification, made_of, roots_of
from analyzer.contagion.trace.edges import Channel, Edge, NodeKind, account_node, kind_of, parts_of
from analyzer.contagion.trace.firewall import Firewall, cheapest_firewall
from analyzer.contagion.trace.paths import Limits, Path, TopPaths, top_paths

__all__ = [
    "Channel",
    "Edge",
    "Firewall",
    "Limits",
    "NodeKind",
    "Path",
    "TopPaths",
    "account_node",
    "amplification",
    "cheapest_firewall",
    "kind_of",
    "made_of",
    "parts_of",
    "roots_of",
    "top_paths",
]
