"""Text of strangers, made visible: what a screen would obey or hide is written out instead.

Symbols, names and words of nodes come from contracts that anybody may deploy. A control character
moves the cursor, sets a title or clears the screen; a direction mark shows another text than the
one that is there; a character of no width makes two names look like one.
"""

from __future__ import annotations

import json
import re

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # C0 (with tab and line feed), DEL, C1
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"  # no width, directions
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff"  # halves of pairs, which no encoding takes
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # music, tags, selectors
)
_ANY = re.compile(f"[{_UNSEEN}]")
_KEPT = re.compile(f"(?![\n\t])[{_UNSEEN}]")


def visible(text: str, *, lines: bool = False) -> str:
    """`text` with every control, direction and zero-width character as `\\u202e`, so that it shows
    and does nothing. lines: line feeds and tabs stay, where a text may have several lines."""
    if text.isascii() and text.isprintable():
        return text
    return (_KEPT if lines else _ANY).sub(_written, text)


def json_visible(document: str) -> str:
    """A JSON document with the same characters as JSON's own escapes: it says the same."""
    return _KEPT.sub(_escaped, document)


def _escaped(found: re.Match[str]) -> str:
    # json leaves DEL as it is, and writes what is beyond 16 bits as a pair.
    return "\\u007f" if found[0] == "\x7f" else json.dumps(found[0])[1:-1]


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"
