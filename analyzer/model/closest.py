"""What a user may have meant by a name that there is not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 3
"""How many names a complaint proposes."""
_LONGEST = 100
"""A longer word is nobody's slip of the finger, and comparing it takes time."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'scan'?)`, or nothing where no known name is close.

    A beginning of a name counts as close. Names keep their order of closeness.
    """
    if not name or len(name) > _LONGEST:
        return ""
    listed = list(known)
    begun = [one for one in listed if one.startswith(name)]
    close = list(dict.fromkeys([*begun, *get_close_matches(name, listed, _SHOWN)]))[:_SHOWN]
    if not close:
        return ""
    return f" (did you mean {' or '.join(repr(one) for one in close)}?)"
