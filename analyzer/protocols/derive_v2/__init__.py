"""Derive V2 (Lyra V2): see the README of this folder for formulas and sources."""

from __future__ import annotations

from analyzer.protocols.derive_v2.plug import DeriveV2

__all__ = ["PLUG", "DeriveV2"]

PLUG = DeriveV2()
"""The plug, as the entry point `analyzer.protocols` names it."""
