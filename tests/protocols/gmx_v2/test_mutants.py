"""Rules that are nearly right, one at a time: each is caught by the recorded answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gmx_recording import Recorded, recorded

from analyzer.model.integers import floor_div
from analyzer.protocols.gmx_v2.fixed_point import ONE
from analyzer.protocols.gmx_v2.value import borrowing, funding, impact, pool, position, valuation
from analyzer.protocols.gmx_v2.value.impact import Impact
from analyzer.protocols.gmx_v2.value.market_prices import high
from analyzer.protocols.gmx_v2.value.prices import middle

Mutant = Callable[[pytest.MonkeyPatch], None]
PINS = ("A", "F")
"""A quiet half an hour after the start, and a side whose profits are capped."""


@pytest.fixture(scope="module")
def seed_a(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def wrong(seed_a: Recorded) -> set[str]:
    """The fields that differ from what was recorded."""
    return {
        check.field
        for label in PINS
        for check in seed_a.checks(seed_a.valued(label), label)
        if check.equal is False
    }


def mid_price(patch: pytest.MonkeyPatch) -> None:
    """Profits at the middle of the pair."""
    patch.setattr(position, "pick_for_pnl", lambda pair, is_long, maximize: middle(pair))


def stored_indexes(patch: pytest.MonkeyPatch) -> None:
    """Fees by the indexes as last written."""
    patch.setattr(valuation.Valuation, "pending_costs", valuation.Valuation.stored_costs)


def no_cap(patch: pytest.MonkeyPatch) -> None:
    """Profits in full, whatever the pool holds."""
    patch.setattr(pool.Pool, "capped_pnl", lambda self, is_long, kind, pnl, usd: pnl)


def wrong_bound(patch: pytest.MonkeyPatch) -> None:
    """Collateral at the upper bound."""
    patch.setattr(valuation, "low", high)


def float_power(patch: pytest.MonkeyPatch) -> None:
    """A float for the power."""

    def power(value: int, exponent: int) -> int:
        if value < ONE:
            return 0
        return value if exponent == ONE else int((value / ONE) ** (exponent / ONE) * 1e18) * 10**12

    for module in (borrowing, funding, impact):
        patch.setattr(module, "apply_exponent", power)


def no_halving(patch: pytest.MonkeyPatch) -> None:
    """Amounts of a market of one token read whole."""
    begin = pool.Pool.__init__

    def init(self: pool.Pool, *args: object) -> None:
        begin(self, *args)  # type: ignore[arg-type]
        self._divisor = 1

    patch.setattr(pool.Pool, "__init__", init)


def impact_sign(patch: pytest.MonkeyPatch) -> None:
    """What worsens the balance is paid, what improves it is charged."""
    right = impact.impact_of

    def of(*args: object) -> Impact:
        found = right(*args)  # type: ignore[arg-type]
        return Impact(-found.usd, found.improved)

    patch.setattr(impact, "impact_of", of)


def floor_of_profit(patch: pytest.MonkeyPatch) -> None:
    """A part of a loss rounded down, where Solidity truncates."""
    patch.setattr(position, "mul_div", lambda a, b, divisor: floor_div(a * b, divisor))


def floor_of_factor(patch: pytest.MonkeyPatch) -> None:
    """A loss as a part of the pool rounded down."""
    patch.setattr(pool, "to_factor", lambda value, divisor: floor_div(value * ONE, divisor))


CAUGHT_BY = {
    mid_price: {"pnl.capped", "pnl.uncapped", "liquidatable.remaining"},
    stored_indexes: {"fees.borrowing_usd", "fees.funding", "fees.cost"},
    no_cap: {"pnl.capped", "token.price", "pool.value"},
    wrong_bound: {"fees.position_fee", "liquidatable.remaining"},
    float_power: {"execution.impact_usd"},
    no_halving: {"token.price", "pool.long_amount", "rates.borrowing_longs"},
    impact_sign: {"execution.impact_usd", "liquidatable.remaining"},
    floor_of_profit: {"pnl.capped", "pnl.uncapped"},
    floor_of_factor: {"pool.pnl_factor"},
}


def test_the_rules_as_they_are_are_caught_by_nothing(seed_a: Recorded) -> None:
    assert wrong(seed_a) == set()


@pytest.mark.parametrize("mutant", CAUGHT_BY, ids=lambda mutant: mutant.__name__)
def test_a_rule_that_is_nearly_right_is_caught(
    seed_a: Recorded, monkeypatch: pytest.MonkeyPatch, mutant: Mutant
) -> None:
    mutant(monkeypatch)
    assert wrong(seed_a) >= CAUGHT_BY[mutant]
