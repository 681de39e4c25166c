"""GMX V2 (gmx-synthetics): see the README of this folder for formulas and sources."""

from __future__ import annotations

from analyzer.protocols.gmx_v2.plug import GmxV2

__all__ = ["PLUG", "GmxV2"]

PLUG = GmxV2()
"""The plug, as the entry point `analyzer.protocols` names it."""
