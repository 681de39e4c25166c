"""Books from a table: see the README of this folder for columns, rules and roundings."""

from __future__ import annotations

from analyzer.protocols.table.plug import TableBook

__all__ = ["PLUG", "TableBook"]

PLUG = TableBook()
"""The plug, as the entry point `analyzer.protocols` names it."""
