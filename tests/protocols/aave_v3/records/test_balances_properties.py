"""Scaled balances from events, against a token that follows the contract's own steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.aave_v3.ray_math import RAY, ray_div, ray_div_floor
from analyzer.protocols.aave_v3.records.balances import (
    InexplicableChangeError,
    Side,
    balance_of,
    scaled_change,
    scaled_minted,
    scaled_taken,
)
from analyzer.protocols.aave_v3.revisions import Rules, rules_of


@dataclass
class Token:
    """What the contract keeps for one holder, and the events that it emits.

    Events: (is it a Mint, value, balanceIncrease, index).
    """

    rules: Rules
    side: Side
    scaled: int = 0
    index: int = RAY
    events: list[tuple[bool, int, int, int]] = field(default_factory=list)

    def _balance(self, scaled: int, index: int) -> int:
        return balance_of(self.rules, self.side, scaled, index)

    def mint(self, amount: int, index: int) -> None:
        added = scaled_minted(self.rules, self.side, amount, index)
        before, now = self._balance(self.scaled, self.index), self._balance(self.scaled, index)
        after = self._balance(self.scaled + added, index)
        value = after - before if self.rules.directed else amount + now - before
        self.events.append((True, value, now - before, index))
        self.scaled, self.index = self.scaled + added, index

    def burn(self, amount: int, index: int) -> None:
        taken = scaled_taken(self.rules, self.side, amount, index)
        before, now = self._balance(self.scaled, self.index), self._balance(self.scaled, index)
        after = self._balance(self.scaled - taken, index)
        value = after - before if self.rules.directed else now - before - amount
        self.events.append((value > 0, abs(value), now - before, index))
        self.scaled, self.index = self.scaled - taken, index


def rebuilt(token: Token) -> int:
    """The scaled balance that the events alone give."""
    scaled = 0
    for is_mint, value, increase, index in token.events:
        change = value - increase if is_mint else -value - increase
        scaled += scaled_change(
            token.rules, token.side, scaled=scaled, change=change, index_ray=index
        )
    return scaled


steps = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(min_value=1, max_value=10**24),
        st.integers(min_value=0, max_value=RAY // 10),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("revision", [1, 8, 9, 10, 11])
@given(moves=steps)
def test_the_events_alone_give_the_contracts_scaled_balance(
    revision: int, side: Side, moves: list[tuple[bool, int, int]]
) -> None:
    token, index = Token(rules_of(revision), side), RAY
    for is_mint, amount, growth in moves:
        index += growth
        if is_mint:
            token.mint(amount, index)
        else:
            held = balance_of(token.rules, side, token.scaled, index)
            if held:
                token.burn(min(amount, held), index)
    assert rebuilt(token) == token.scaled


def test_dividing_without_the_running_balance_is_off_by_one() -> None:
    """Why the rule for directed roundings looks at the balance so far."""
    token = Token(rules_of(10), Side.SUPPLY)
    index = 13 * RAY // 10
    token.mint(101, index)
    token.mint(100, index)
    (_, first, _, _), (_, second, _, _) = token.events
    assert (first, second) == (100, 98)
    assert rebuilt(token) == token.scaled == 77 + 76
    assert ray_div_floor(second, index) == 75
    assert ray_div(second, index) == 75


def test_a_change_that_no_rounding_makes_is_named() -> None:
    with pytest.raises(InexplicableChangeError, match="no scaled balance is worth 1 ") as caught:
        scaled_change(rules_of(10), Side.SUPPLY, scaled=0, change=1, index_ray=3 * RAY)
    assert caught.value.nearest == 1
