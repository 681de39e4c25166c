"""Text from outside as text that means nothing to a browser. Everything shown goes through here."""

from __future__ import annotations

from html import escape

from analyzer.model.visible import visible


def safe(text: str) -> str:
    """Markup escaped, for text and for attributes; unseen characters written out (`\\u202e`)."""
    return escape(visible(text, lines=True), quote=True)
