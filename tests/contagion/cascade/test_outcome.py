"""A cascade of which nobody asks why comes to what the traced one comes to, and does less."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linear_house import E18, Holder, House, venue_of

import analyzer
from analyzer.contagion.cascade.order import CascadeOptions, Order
from analyzer.contagion.cascade.outcome import CascadeOutcome, cascade_outcome
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import AT_ANY_LOSS, Liquidators, MarginSpiral, Scenario, Step
from analyzer.market.depth import ImpactCurve, Linear
from analyzer.protocols.simulation import Offer
from analyzer.runs.snapshot.venues import venue_of as venue_of_scan

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FALL = Step({"X": Fraction(1, 2), "Y": Fraction(3, 4)})
SCENARIOS = {
    "at any loss": Scenario("a", "a", "a", (FALL,), liquidators=AT_ANY_LOSS),
    "rational": Scenario("a", "a", "a", (FALL,), liquidators=Liquidators(gas_usd=Fraction(2))),
    "a limit": Scenario(
        "a", "a", "a", (FALL,), liquidators=Liquidators(capacity_usd=Fraction(500))
    ),
    "withdrawals": Scenario("a", "a", "a", (FALL,), withdraw=True, liquidators=AT_ANY_LOSS),
    "defaults": Scenario("a", "a", "a", (FALL,), default_owners=2),
    "a stopped oracle": Scenario("a", "a", "a", (FALL,), stale=frozenset({"X"})),
    "a spiral": Scenario("a", "a", "a", (FALL,), margin_spiral=MarginSpiral(fixed_thresholds=True)),
    "two steps": Scenario("a", "a", "a", (FALL, Step({"Y": Fraction(1, 3)}))),
}
OPTIONS = (
    CascadeOptions(),
    CascadeOptions(sequential=True),
    CascadeOptions(sequential=True, order=Order.REVERSED),
    CascadeOptions(order=Order.WORST, max_rounds=3),
)


@dataclass(slots=True)
class Versioned(House):
    """A house that says when what its accounts are offered has changed, and counts who asks."""

    versions: dict[str, object] = field(default_factory=dict)
    looked_at: list[str] = field(default_factory=list)

    def set_prices(self, prices_e18: dict[str, int]) -> None:  # type: ignore[override]
        House.set_prices(self, prices_e18)
        for account, holder in self.holders.items():
            if any(holder.amounts.get(asset) for asset in prices_e18):
                self.versions.pop(account, None)

    def offers(self, account_id: str) -> Sequence[Offer]:
        self.looked_at.append(account_id)
        return House.offers(self, account_id)

    def execute(self, offer: Offer, amount: int) -> object:  # type: ignore[override]
        self.versions.pop(offer.account_id, None)
        if self.winners:
            self.versions.clear()
        return House.execute(self, offer, amount)

    def version(self, account_id: str) -> object:
        return self.versions.setdefault(account_id, object())


@st.composite
def houses(draw: st.DrawFn) -> House:
    """Up to six accounts near their margin, some short, with funds and winners."""
    holders = {}
    for who in "ABCDEF"[: draw(st.integers(1, 6))]:
        held = {asset: draw(st.integers(-8, 8)) * E18 for asset in "XY"}
        gross = sum(map(abs, held.values())) * 128
        cash = gross // 8 + draw(st.integers(0, 200)) * E18 - 128 * sum(held.values())
        holders[who] = Holder(cash, held)
    return House(
        {"X": 128 * E18, "Y": 128 * E18},
        holders,
        maintenance=Fraction(1, 16),
        penalty=Fraction(draw(st.integers(0, 5)), 100),
        close=draw(st.sampled_from([Fraction(1), Fraction(1, 2)])),
        fund=draw(st.integers(0, 300)) * E18,
        winners=draw(st.booleans()),
    )


def of(result: CascadeResult) -> CascadeOutcome:
    """What a traced cascade came to."""
    return CascadeOutcome(
        result.total_bad_debt_e18,
        result.total_bad_debt_market_e18,
        result.closed_accounts,
        result.quiet,
    )


@pytest.mark.parametrize("name", SCENARIOS)
@QUIET
@given(
    house=houses(),
    depth=st.sampled_from([500.0, 4_000.0, 30_000.0]),
    options=st.sampled_from(OPTIONS),
)
def test_it_comes_to_what_the_traced_cascade_comes_to(
    name: str, house: House, depth: float, options: CascadeOptions
) -> None:
    curves: dict[str, ImpactCurve] = dict.fromkeys("XY", Linear(depth))
    traced = run_cascade([venue_of(deepcopy(house))], SCENARIOS[name], curves, options)
    assert cascade_outcome([venue_of(house)], SCENARIOS[name], curves, options) == of(traced)


@QUIET
@given(house=houses(), depth=st.sampled_from([500.0, 4_000.0]), options=st.sampled_from(OPTIONS))
def test_who_holds_what_another_venues_losses_make_cheaper_fails_as_in_the_traced_cascade(
    house: House, depth: float, options: CascadeOptions
) -> None:
    def venues() -> list[Venue]:
        lender = deepcopy(house)
        lender.lp_token, lender.lp_supply = "LP", 400 * E18
        holder = House(
            {"LP": 100 * E18, "X": 128 * E18},
            {
                "H": Holder(-900 * E18, {"LP": 10 * E18, "X": 0}),
                "I": Holder(0, {"LP": E18, "X": 0}),
            },
        )
        return [venue_of(lender), venue_of(holder, "other")]

    curves: dict[str, ImpactCurve] = dict.fromkeys(("X", "Y", "LP"), Linear(depth))
    traced = run_cascade(venues(), SCENARIOS["at any loss"], curves, options)
    assert cascade_outcome(venues(), SCENARIOS["at any loss"], curves, options) == of(traced)


@QUIET
@given(house=houses(), depth=st.sampled_from([500.0, 4_000.0]), options=st.sampled_from(OPTIONS))
def test_a_venue_that_says_what_stayed_the_same_comes_to_the_same(
    house: House, depth: float, options: CascadeOptions
) -> None:
    curves: dict[str, ImpactCurve] = dict.fromkeys("XY", Linear(depth))
    names = list(House.__dataclass_fields__)
    says = Versioned(**{name: deepcopy(getattr(house, name)) for name in names})
    plain = run_cascade([venue_of(house)], SCENARIOS["rational"], curves, options)
    versioned = run_cascade([venue_of(says)], SCENARIOS["rational"], curves, options)
    assert versioned == plain


@pytest.mark.parametrize("policy", ["queue", "pro-rata"])
def test_winners_who_pay_by_a_policy_pay_the_same(policy: str) -> None:
    """E and F win less than the deficit: who is cut decides who is closed in the second fall."""
    positions = {
        "account": ["A", "B", "C", "D", "E"],
        "kind": ["position"] * 5,
        "asset": ["X"] * 5,
        "amount": ["100", "200", "300", "-100", "-60"],
        "entry": ["88", "85", "80", "115", "101"],
    }
    rules = {"default": {"maintenance": 0.01}, "losses": {"fund": 100, "adl": policy}}
    steps = (Step({"X": Fraction(3, 4)}), Step({"X": Fraction(11, 10)}))
    scenario = Scenario("s", "s", "s", steps, liquidators=AT_ANY_LOSS)
    curves: dict[str, ImpactCurve] = {"X": Linear(10.0**6)}
    with analyzer.book(positions, {"asset": ["X"], "price": [100]}, rules, name="v") as db:
        traced = run_cascade([venue_of_scan(db.book())], scenario, curves)
        assert traced.cuts
        assert cascade_outcome([venue_of_scan(db.book())], scenario, curves) == of(traced)


def test_nobody_asks_again_what_pays_nobody_while_it_is_the_same() -> None:
    """D's dust of Y pays no gas; X, which it does not hold, moves in the rounds after."""
    house = Versioned(
        {"X": 100 * E18, "Y": 100 * E18},
        {
            "A": Holder(-80 * E18, {"X": E18, "Y": 0}),
            "B": Holder(-750 * E18, {"X": 10 * E18, "Y": 0}),
            "D": Holder(-(10**16), {"X": 0, "Y": 10**14}),
        },
        penalty=Fraction(1, 10),
    )
    fall = replace(
        SCENARIOS["rational"],
        steps=(Step({"X": Fraction(88, 100)}),),
        liquidators=Liquidators(gas_usd=Fraction(1)),
    )
    one_by_one = CascadeOptions(sequential=True, order=Order.REVERSED)
    result = run_cascade([venue_of(house)], fall, {"X": Linear(10**6)}, one_by_one)
    assert result.closed_accounts >= 1
    assert result.unprofitable == {"house": ("D",)}
    assert len(result.rounds) > 1
    assert house.looked_at.count("D") == 1


def test_two_venues_of_one_name_are_refused() -> None:
    house = House({"X": E18}, {"A": Holder(E18, {"X": 0})})
    with pytest.raises(ValueError, match="same name"):
        cascade_outcome([venue_of(house), venue_of(house)], SCENARIOS["rational"], {})
