"""Aave V3: see the README of this folder for formulas and sources."""

from __future__ import annotations

from analyzer.protocols.aave_v3.plug import AaveV3

__all__ = ["PLUG", "AaveV3"]

PLUG = AaveV3()
"""The plug, as the entry point `analyzer.protocols` names it."""
