"""Claims between deployments: by token and by account, and what a cascade leaves of them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.documents.encode import to_json
from analyzer.market.depth import NoImpact
from analyzer.runs.stress.claims import claims_between_venues

TOKEN = "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B"
VAULT = "0xCA35b7d915458EF540aDe6068dFe2F44E8fa733c"


def lender() -> House:
    """Owes 10,000 to the holders of its token; one of its accounts is another venue's vault."""
    holders = {
        "A": Holder(-8800 * E18, {"X": 100 * E18}),
        VAULT: Holder(500 * E18, {"X": 0}),
    }
    house = House({"X": 100 * E18}, holders)
    house.lp_token, house.lp_supply = TOKEN, 10_000 * E18
    return house


def borrower() -> House:
    """Its only account has 2,000 of the lender's token."""
    return House({TOKEN.lower(): E18}, {"E": Holder(0, {TOKEN.lower(): 2_000 * E18})})


def test_a_token_is_worth_what_its_holders_loss_leaves_and_a_vault_is_found_by_address() -> None:
    def venues() -> list:  # type: ignore[type-arg]
        return [
            venue_of(lender(), "lender"),
            venue_of(borrower(), "borrower", contracts={"vault": VAULT.lower()}),
        ]

    fall = Scenario(
        "fall", "fall", "test", (Step({"X": Fraction(78, 100)}),), liquidators=AT_ANY_LOSS
    )
    result = run_cascade(venues(), fall, {"X": NoImpact()})
    # A lacks 1,000 at 78: the holders of the token bear it, a tenth of what they are owed.
    assert result.borne_e18 == {("lender", None): 1_000 * E18}
    document = to_json(claims_between_venues(venues(), result))
    [claim] = document["tokens"]
    assert (claim["debtor"], claim["creditor"]) == ("lender", "borrower")
    assert claim["amount_e18"] == str(2_000 * E18)
    assert claim["recovery"] == pytest.approx(0.9, rel=1e-12)
    assert document["accounts"] == [
        {
            "debtor": "lender",
            "creditor": "borrower",
            "role": "vault",
            "account_id": VAULT,
            "equity_e18": str(500 * E18),
        }
    ]
    assert document["problem"] is None


def test_without_cross_holdings_there_are_no_claims() -> None:
    venues = [venue_of(lender(), "lender")]
    calm = Scenario("calm", "calm", "test", (Step({}),))
    document = to_json(claims_between_venues(venues, run_cascade(venues, calm, {})))
    assert (document["tokens"], document["accounts"]) == ([], [])
