"""Claims between protocols: read from books, and cleared as the closed forms say."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.networks.claims import Claim, Pool, claims_between, pools_of, recover


def pool(name: str, owed: int, loss: int = 0) -> Pool:
    return Pool(name, None, (f"{name} token",), owed * E18, loss * E18)


def claim(debtor: str, creditor: str, amount: int) -> Claim:
    return Claim((debtor, None), (creditor, None), f"{debtor} token", amount * E18)


def test_without_a_loss_every_token_is_worth_its_face() -> None:
    found = recover([pool("u", 100), pool("v", 50)], [claim("u", "v", 40), claim("v", "u", 50)])
    assert found.by_token == {"u token": 1.0, "v token": 1.0}
    assert found.rounds == 0
    assert set(found.lost_on_claims.values()) == {0.0}


def test_a_loss_is_shared_by_the_holders_of_one_token() -> None:
    found = recover([pool("u", 100, 25)], [])
    assert found.recovery == {("u", None): pytest.approx(0.75)}


def test_a_holder_loses_by_what_it_holds() -> None:
    # v owes 50 and has 40 of u's token, which is worth 3/4: 10 of its 50 are gone.
    found = recover([pool("u", 100, 25), pool("v", 50)], [claim("u", "v", 40)])
    assert found.by_token == {"u token": pytest.approx(0.75), "v token": pytest.approx(0.8)}
    assert found.lost_on_claims["v", None] == pytest.approx(10)
    assert found.lost_on_claims["u", None] == 0


def test_two_that_hold_each_other_lose_by_the_circle() -> None:
    # r_u = (100 - 20 - 60 + 60 r_v) / 100 and r_v = (80 - 50 + 50 r_u) / 80.
    r_v = (30 + 50 * Fraction(20, 100)) / (80 - 50 * Fraction(60, 100))
    r_u = Fraction(20, 100) + Fraction(60, 100) * r_v
    claims = [claim("u", "v", 50), claim("v", "u", 60)]
    found = recover([pool("u", 100, 20), pool("v", 80)], claims)
    assert found.by_token == {
        "u token": pytest.approx(float(r_u)),
        "v token": pytest.approx(float(r_v)),
    }
    # What outsiders lose is the loss, and no more of it.
    outside = (100 - 50) * (1 - r_u) + (80 - 60) * (1 - r_v)
    assert outside == 20


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)), min_size=2, max_size=5),
    st.data(),
)
def test_outsiders_lose_exactly_what_was_lost(
    sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    names = [f"p{number}" for number in range(len(sizes))]
    claims = []
    claimed, held = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    owed = dict(zip(names, (size for size, _ in sizes), strict=True))
    for debtor in names:
        for creditor in names:
            room = min(owed[debtor] - claimed[debtor], owed[creditor] - held[creditor])
            amount = data.draw(st.integers(0, room)) if debtor != creditor else 0
            if amount:
                claims.append(claim(debtor, creditor, amount))
                claimed[debtor] += amount
                held[creditor] += amount
    pools = [
        pool(name, owed[name], (owed[name] - held[name]) * share // 100)
        for name, (_, share) in zip(names, sizes, strict=True)
    ]
    found = recover(pools, claims)
    assert all(0 <= ratio <= 1 for ratio in found.recovery.values())
    lost = sum((owed[n] - claimed[n]) * (1 - found.recovery[n, None]) for n in names)
    assert lost == pytest.approx(sum(p.loss_e18 for p in pools) / E18, abs=1e-9)


def lender() -> House:
    return House(
        {"X": 100 * E18},
        {"a": Holder(-50 * E18, {"X": E18})},
        lp_token="0xAb",
        lp_supply=1000 * E18,
    )


def test_claims_are_read_from_who_holds_whose_token() -> None:
    # 300 pledged less 100 borrowed at a price of 2; the unknown account holds who knows what.
    holder = House(
        {"0xaB": 2 * E18, "X": 100 * E18},
        {
            "b": Holder(-20 * E18, {"0xaB": 300 * E18}),
            "c": Holder(900 * E18, {"0xaB": -100 * E18}),
            "d": Holder(0, {"0xaB": 7 * E18}),
        },
        unknown=frozenset({"d"}),
    )
    venues = [venue_of(lender(), "lender"), venue_of(holder, "holder")]
    pools = [
        *pools_of(venues[0], {None: 250 * E18}),
        *pools_of(venues[1], {}),
    ]
    assert pools == [
        Pool("lender", None, ("0xAb",), 1000 * E18, 250 * E18),
        # 580 of b and 700 of c.
        Pool("holder", None, (), 1280 * E18, 0),
    ]
    read = claims_between(venues, pools)
    assert read.claims == (Claim(("lender", None), ("holder", None), "0xaB", 400 * E18),)
    assert read.unknown == {"holder": 1}
    found = recover(pools, read.claims)
    assert found.by_token == {"0xAb": pytest.approx(0.75)}
    assert found.recovery["holder", None] == pytest.approx((1280 - 100) / 1280)
    # Reading changed nothing.
    assert holder.prices["0xaB"] == 2 * E18


def test_a_token_that_is_owed_on_balance_is_no_claim() -> None:
    holder = House({"0xAb": E18}, {"b": Holder(10 * E18, {"0xAb": -5 * E18})})
    venues = [venue_of(lender(), "lender"), venue_of(holder, "holder")]
    pools = [p for venue in venues for p in pools_of(venue, {})]
    assert claims_between(venues, pools).claims == ()


def test_the_pool_of_the_token_itself_bears_it() -> None:
    holder = House({"0xAb": E18}, {"b": Holder(0, {"0xAb": 5 * E18})})
    venues = [venue_of(holder, "holder")]
    kept = Pool("holder", "0xAB", ("0xCC",), 5 * E18, 0)
    other = Pool("holder", "0xEE", ("0xDD",), 9 * E18, 0)
    issuer = Pool("lender", None, ("0xAb",), 100 * E18, 0)
    [found] = claims_between(venues, [kept, other, issuer]).claims
    assert found.creditor == ("holder", "0xAB")
    with pytest.raises(ValueError, match="open which of its pools"):
        claims_between(venues, [other, Pool("holder", "0xFF", (), 1, 0), issuer])


def test_a_loss_needs_a_pool_that_bears_it() -> None:
    with pytest.raises(ValueError, match="lender has no pool"):
        pools_of(venue_of(lender(), "lender"), {"0xEE": 1})


@pytest.mark.parametrize(
    ("pools", "claims", "text"),
    [
        ([pool("u", 10), pool("u", 10)], [], "named twice"),
        ([pool("u", 10), pool("v", 50)], [claim("u", "v", 11)], "more is claimed from it"),
        ([pool("u", 100), pool("v", 50, 20)], [claim("u", "v", 40)], "exceed what is behind it"),
    ],
)
def test_figures_that_cannot_all_be_true_are_refused(
    pools: list[Pool], claims: list[Claim], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        recover(pools, claims)


def test_no_pools_have_nothing_to_recover() -> None:
    assert recover([], []).recovery == {}
