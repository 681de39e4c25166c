"""One table of a scenario file: its values by key, exact, and which keys were asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import overload

from analyzer.contagion.scenario.sentences import check_key, parse_percent
from analyzer.model.errors import InputError
from analyzer.model.integers import HUGEINT_MAX, WAD
from analyzer.model.toml_file import is_whole, shown

LARGEST_COUNT = 1_000_000_000
"""Of rounds or owners: more than any run has."""
MOST_DIGITS = 60
"""Of a number, before or after its point: what is longer is no measurement, and a float that is
multiplied by another still holds it."""
LARGEST: int = 10**MOST_DIGITS


class Entry:
    """A table. Every getter raises InputError naming the table and the key."""

    def __init__(self, where: str, table: Mapping[str, object]) -> None:
        self.where, self._table = where, table
        self._used: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def names(self) -> Sequence[str]:
        """The keys as they stand in the file."""
        return list(self._table)

    def text(self, key: str, default: str | None = None) -> str:
        """A text of one line."""
        value = self._get(key, default)
        if not isinstance(value, str) or (not value and default is None):
            raise self._wrong(key, "a text", value)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; none when the key is missing."""
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of texts", value)
        return tuple(value)

    def is_text(self, key: str) -> bool:
        """Whether a text stands there."""
        return isinstance(self._table.get(key), str)

    def is_list(self, key: str) -> bool:
        """Whether a list stands there."""
        return isinstance(self._table.get(key), list)

    def is_table(self, key: str) -> bool:
        """Whether a table stands there."""
        return isinstance(self._table.get(key), dict)

    def flag(self, key: str) -> bool:
        """true or false; false when the key is missing."""
        value = self._get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def count(self, key: str) -> int | None:
        """A whole number, not negative; None when the key is missing."""
        value = self._get(key, None, optional=True)
        if value is None:
            return None
        if not isinstance(value, int) or not is_whole(value, most=LARGEST_COUNT):
            raise self._wrong(key, f"a whole number up to {LARGEST_COUNT:,}", value)
        return value

    def number(self, key: str) -> Fraction:
        """A number, exact."""
        return self._exact(key, self._get(key, None))

    @overload
    def positive(self, key: str, default: Fraction) -> Fraction: ...

    @overload
    def positive(self, key: str, default: None) -> Fraction | None: ...

    def positive(self, key: str, default: Fraction | None) -> Fraction | None:
        """A number above zero, exact; the default when the key is missing."""
        return self._bounded(key, default, lambda value: value > 0, "above zero")

    def not_negative(self, key: str, default: Fraction) -> Fraction:
        """A number of zero or more, exact; the default when the key is missing."""
        found = self._bounded(key, default, lambda value: value >= 0, "not below zero")
        return default if found is None else found

    def choice(self, key: str, words: Sequence[str]) -> str:
        """One of some words; the first of them when the key is missing."""
        value = self._get(key, words[0])
        if not isinstance(value, str) or value not in words:
            quoted = " or ".join(f'"{word}"' for word in words)
            raise self._wrong(key, quoted, value)
        return value

    def share(self, key: str) -> Fraction | None:
        """A number from 0 to 1, exact; None when the key is missing."""
        value = self._get(key, None, optional=True)
        if value is None:
            return None
        exact = self._exact(key, value)
        if not 0 <= exact <= 1:
            raise self._wrong(key, "from 0 to 1", value)
        return exact

    def factor(self, key: str) -> str:
        """A key that names a factor, a class or `*`."""
        check_key(key, what=self.where)
        return key

    def multiple(self, key: str) -> Fraction:
        """A move like -30% or a multiple like x0.7, as a multiple of the price."""
        value = self._get(key, None)
        if not isinstance(value, str):
            raise self._wrong(key, 'a text like "-30%" or "x0.7"', value)
        return parse_percent(value, what=f"{self.where}.{key}")

    def price_e18(self, key: str) -> int:
        """A price above zero, in 18 decimals. It may have no more of them."""
        exact = self.positive(key, Fraction(0)) * WAD
        if exact.denominator != 1:
            raise InputError(f"{self.where}.{key} has more than 18 decimals")
        if exact > HUGEINT_MAX:
            raise self._wrong(key, "a price below 1.7e20", self._table[key])
        return exact.numerator

    def table(self, key: str) -> Entry:
        """A table; an empty one when the key is missing."""
        value = self._get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(key, f"a table [{key}]", value)
        return Entry(f"{self.where}: {key}", value)

    def tables(self, key: str) -> list[Entry]:
        """An array of tables `[[key]]`, each named by its number; empty when it is missing."""
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, f"tables [[{key}]]", value)
        return [
            Entry(f"{self.where}: {key} {number}", item) for number, item in enumerate(value, 1)
        ]

    def check_all_used(self) -> None:
        """Raises: InputError for a key that nothing asked for."""
        for key in self._table:
            if key not in self._used:
                known = ", ".join(sorted(self._used))
                raise InputError(f"{self.where}: there is no key {key} (known: {known})")

    def _get(self, key: str, default: object, *, optional: bool = False) -> object:
        """A value; its key counts as known. Without a default it has to be there."""
        self._used.add(key)
        if key not in self._table and default is None and not optional:
            raise InputError(f"{self.where} needs the key {key}")
        return self._table.get(key, default)

    def _bounded(
        self, key: str, default: Fraction | None, fits: Callable[[Fraction], bool], wanted: str
    ) -> Fraction | None:
        """An exact number that fits; the default when the key is missing."""
        value = self._get(key, None, optional=True)
        if value is None:
            return default
        exact = self._exact(key, value)
        if not fits(exact):
            raise self._wrong(key, wanted, value)
        return exact

    def _exact(self, key: str, value: object) -> Fraction:
        """An integer, a decimal or a fraction as a fraction; a boolean is none of them."""
        if isinstance(value, Fraction):
            return value
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole and not (isinstance(value, Decimal) and value.is_finite()):
            raise self._wrong(key, "a number", value)
        assert isinstance(value, int | Decimal)
        if not _is_short(value):
            raise self._wrong(key, f"a number of at most {MOST_DIGITS} digits", value)
        return Fraction(value)

    def _wrong(self, key: str, wanted: str, value: object) -> InputError:
        """The complaint about one value."""
        found = str(value) if isinstance(value, Decimal) and len(str(value)) < 80 else shown(value)
        return InputError(f"{self.where}.{key} has to be {wanted}, it is {found}")


def _is_short(value: int | Decimal) -> bool:
    """Whether a finite number has few enough digits; asked before it is made a fraction, because
    1e999999999 would fill the memory."""
    if isinstance(value, int):
        return -LARGEST < value < LARGEST
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # only nan and inf have none
    return len(digits) <= MOST_DIGITS and abs(exponent) <= MOST_DIGITS
