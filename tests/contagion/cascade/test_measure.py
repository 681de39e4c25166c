"""Counting accounts of a venue: what each figure means, on books that fit in the head."""

from __future__ import annotations

from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.cascade.measure import tally
from analyzer.protocols.simulation import Standing


def house(**holders: Holder) -> House:
    """Accounts with X at 100."""
    return House({"X": 100 * E18}, holders)


class Lenient(House):
    """A house that says of nobody that they are below initial margin."""

    def standing(self, account_id: str) -> Standing | None:
        found = super().standing(account_id)
        if found is None:
            return None
        return Standing(found.equity_e18, found.headroom_e18, found.breaches, E18)


def test_who_breaches_is_below_initial_margin_whatever_else_the_protocol_says() -> None:
    # 10 % of 1,000 is maintenance, 20 % initial margin: A breaches, B is below initial margin.
    held = {"A": Holder(-950 * E18, {"X": 10 * E18}), "B": Holder(-850 * E18, {"X": 10 * E18})}
    found = tally(venue_of(house(**held)), {})
    assert (found.below_initial, found.breaching) == (2, 1)
    lenient = tally(venue_of(Lenient({"X": 100 * E18}, held)), {})
    assert (lenient.below_initial, lenient.breaching) == (1, 1)


def test_accounts_of_one_owner_do_not_net() -> None:
    venue = venue_of(
        house(A=Holder(-1_100 * E18, {"X": 10 * E18}), B=Holder(500 * E18, {}), C=Holder(-E18, {})),
        owners={"A": "one", "B": "one", "C": "one"},
    )
    found = tally(venue, {})
    assert found.owners_short_e18 == {"one": 101 * E18}
    assert found.bad_debt_e18 == found.bad_debt_market_e18 == 101 * E18
    assert found.equity_e18 == 399 * E18


def test_at_the_markets_prices_a_hole_is_seen_that_a_stopped_oracle_hides() -> None:
    venue = venue_of(house(A=Holder(-900 * E18, {"X": 10 * E18})))
    hidden, seen = tally(venue, {}), tally(venue, {"X": 80 * E18})
    assert (hidden.bad_debt_e18, hidden.bad_debt_market_e18) == (0, 0)
    assert (seen.bad_debt_e18, seen.bad_debt_market_e18) == (0, 100 * E18)
    assert seen.owners_short_e18 == {"A": 100 * E18}
    # How accounts stand by the protocol's own rules does not change by what it does not know.
    assert (seen.insolvent, seen.breaching) == (hidden.insolvent, hidden.breaching)


def test_what_is_not_known_is_in_no_sum() -> None:
    unknown = house(
        A=Holder(-1_100 * E18, {"X": 10 * E18}), B=Holder(-1_050 * E18, {"X": 10 * E18})
    )
    unknown.unknown = frozenset({"A"})
    found = tally(venue_of(unknown), {})
    assert (found.accounts, found.unknown, found.insolvent) == (2, 1, 1)
    assert found.bad_debt_e18 == 50 * E18
