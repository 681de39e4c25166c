"""Amounts as text: exact for machines, short for people, never through a float."""

from __future__ import annotations

E18 = 18
"""Decimals of every `_e18` amount."""


def exact(value: int, decimals: int = E18) -> str:
    """`value` / 10**decimals in full, without trailing zeros: `-1234.5`."""
    text = fixed(value, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


def fixed(value: int, decimals: int = E18) -> str:
    """`value` / 10**decimals in full, with all its decimals, so that columns line up."""
    sign, digits = ("-" if value < 0 else ""), str(abs(value)).rjust(decimals + 1, "0")
    if decimals == 0:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def short(value: int | None, decimals: int = E18, places: int = 2) -> str:
    """`value` / 10**decimals for people: `-1,234.57`; None is `unknown`.

    Rounded half away from zero to `places`. An amount that is not zero never reads as zero: it
    reads `<0.01` or `>-0.01`.
    """
    if value is None:
        return "unknown"
    if decimals < places:
        value, decimals = value * 10 ** (places - decimals), places
    unit = 10 ** (decimals - places)
    cents = (abs(value) + unit // 2) // unit
    if cents == 0 and value != 0:
        smallest = f"{0:.{places - 1}f}1" if places > 1 else ("0.1" if places else "1")
        return f">-{smallest}" if value < 0 else f"<{smallest}"
    sign = "-" if value < 0 else ""
    if places == 0:
        return f"{sign}{cents:,}"
    whole, fraction = divmod(cents, 10**places)
    return f"{sign}{whole:,}.{fraction:0{places}d}"


def amount(name: str, value: int) -> str:
    """A named amount for people: the unit is the end of the name (`_e18`, `_s`, `_count`)."""
    label = name
    for suffix in ("_e18", "_count", "_raw"):
        label = label.removesuffix(suffix)
    label = label.replace("_", " ")
    if name.endswith("_e18"):
        return f"{label} {short(value)}"
    if name.endswith("_s"):
        return f"{label.removesuffix(' s')} {value:,} s"
    return f"{label} {value:,}"
