"""Nado: see the README of this folder for formulas and sources."""

from __future__ import annotations

from analyzer.protocols.nado.plug import PLUG, Nado

__all__ = ["PLUG", "Nado"]
