"""Shares for people: percent from 18 decimals, rounded up, never through a float."""

from __future__ import annotations

WAD = 10**18
_SMALLEST_PLACES = 6
"""Below 0.000001 % a share is only said to be smaller."""


def percent(share_e18: int) -> str:
    """A share of 18 decimals as `0.013 %`, rounded up: two significant digits below 1 %, two
    decimals below 10 %, one below 1,000 %, none above. What is not zero never reads as zero."""
    value = share_e18 * 100
    if value <= 0:
        return "0 %" if value == 0 else f"-{percent(-share_e18)}"
    places = _places(value)
    if places > _SMALLEST_PLACES:
        return f"<0.{'0' * (_SMALLEST_PLACES - 1)}1 %"
    unit = WAD // 10**places
    steps = -(-value // unit)
    whole, rest = divmod(steps, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{whole:,}{'.' if decimals else ''}{decimals} %"


def _places(value_e18: int) -> int:
    """How many decimals a number above zero is shown with."""
    if value_e18 >= 1_000 * WAD:
        return 0
    if value_e18 >= 10 * WAD:
        return 1
    if value_e18 >= WAD:
        return 2
    # 0.013 has its first digit at the second decimal: one more is shown.
    return len(str(WAD)) - len(str(value_e18)) + 1
