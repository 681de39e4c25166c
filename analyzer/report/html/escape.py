"""Text from outside as text that means nothing to a browser. Everything shown goes through here."""

from __future__ import annotations

import re
from html import escape

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Characters that are not seen, or that turn the reading direction of what follows."""


def safe(text: str) -> str:
    """Markup escaped, for text and for attributes; unseen characters written out (`\\u202e`)."""
    return escape(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text), quote=True)
