"""Perpetual Protocol V2 ("Curie"): see the README of this folder for formulas and sources."""

from __future__ import annotations

from analyzer.protocols.perp_v2.plug import PerpV2

__all__ = ["PLUG", "PerpV2"]

PLUG = PerpV2()
"""The plug, as the entry point `analyzer.protocols` names it."""
