"""Derive V2 in motion: what bids take is what the logs of real bids say, and nothing gets lost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from derive_recording import LABELS, RECORDING, Recorded, recorded

from analyzer.abi.keccak import checksum
from analyzer.model.closure import Executed, Transfer
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.model.rows import BackstopKind
from analyzer.protocols.derive_v2 import PLUG
from analyzer.protocols.derive_v2.close.simulate import ROUNDING, DeriveSimulation, bids, simulate
from analyzer.protocols.derive_v2.close.simulate.hedge import delta
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.value.value import value

CASH, PERP = "0xcash", "0xperp"
ROLES = {"liquidator", "cash_holders", ROUNDING}
ROUNDING_WEI = 10**7
"""What truncated products of one account's closure can add up to: a wei of a balance at some ten
thousand dollars, for each of a few dozen balances."""


@pytest.fixture(scope="module")
def recording(shared: Path) -> Recorded:
    """The recording of Derive V2."""
    assert (shared / RECORDING).is_dir()
    return recorded(shared)


def in_motion(recording: Recorded, label: str) -> DeriveSimulation:
    """A simulation of a pinned block."""
    book = recording.book(label)
    return simulate(value(book, PLUG.prices(book)))


def shock(moving: DeriveSimulation, recording: Recorded, label: str, percent: int) -> None:
    """Everything but the stable coin at so many percent of its price."""
    prices = PLUG.prices(recording.book(label))
    moving.set_prices(
        {
            asset: price * percent // 100
            for asset, price in moving.prices_e18().items()
            if prices.by_asset[asset].factor != "USDC"
        }
    )


def equities(moving: DeriveSimulation) -> dict[str, int]:
    """The equity of every account that is known."""
    found = {a: moving.equity_at(a, {}) for a in moving.account_ids()}
    return {a: equity for a, equity in found.items() if equity is not None}


def net(transfers: list[Transfer], party: str) -> int:
    """What a party gained."""
    gained = sum(t.amount_e18 for t in transfers if t.to_party == party)
    return gained - sum(t.amount_e18 for t in transfers if t.from_party == party)


def transfers_of(executed: list[Executed]) -> list[Transfer]:
    """All transfers of some closures."""
    return [t for one in executed for t in one.closure.transfers]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("percent", [100, 80, 125])
def test_equity_changes_by_exactly_what_is_transferred(
    recording: Recorded, label: str, percent: int
) -> None:
    moving = in_motion(recording, label)
    shock(moving, recording, label, percent)
    before = equities(moving)
    for account in list(moving.breaching()):
        moved = transfers_of(list(moving.liquidate(account)))
        after = equities(moving)
        assert {a: after[a] - before[a] for a in after} == {a: net(moved, a) for a in after}
        assert sum(t.amount_e18 for t in moved if ROUNDING in (t.from_party, t.to_party)) < (
            ROUNDING_WEI
        )
        assert {p for t in moved for p in (t.from_party, t.to_party)} <= ROLES | set(after)
        before = after
    assert moving.breaching() == []
    security = moving.state.accounts[moving.state.security_account]
    assert security.cash(moving.state.cash.address) >= 0


@pytest.mark.parametrize("label", LABELS)
def test_before_anything_moves_it_says_what_the_margin_table_says(
    recording: Recorded, label: str
) -> None:
    moving, book = in_motion(recording, label), recording.book(label)
    for row in PLUG.margin(PLUG.value(book, PLUG.prices(book))):
        standing = moving.standing(row.account_id)
        if row.unknown_reason is not None:
            assert standing is None
            continue
        assert standing is not None
        assert standing.equity_e18 == row.equity_e18
        assert row.margin_equity_e18 is not None
        assert row.maintenance_margin_e18 is not None
        assert standing.headroom_e18 == row.margin_equity_e18 - row.maintenance_margin_e18
        # What can be terminated is no bid yet for the table; in motion the next auction is one.
        assert standing.breaches <= (bool(row.liquidatable) or "can be terminated" in row.note)
        assert standing.breaches >= (bool(row.liquidatable) and row.status != "in_auction")


def test_the_share_of_every_balance_is_what_the_logs_of_every_bid_say(
    recording: Recorded,
) -> None:
    """Balances that a real bid took, in the transaction of its `Bid` event."""
    together: dict[str, list[Event]] = defaultdict(list)
    for event in recording.events:
        together[event.tx_hash].append(event)
    cash_asset = recording.state(LABELS[-1]).cash.address
    reserved: dict[int, int] = defaultdict(int)
    compared = 0
    for events in together.values():
        compared += _compare_bid(events, cash_asset, reserved)
    assert compared >= 90


def _compare_bid(events: list[Event], cash_asset: str, reserved: dict[int, int]) -> int:
    """How many balances of a bid were compared; 0 for another transaction."""
    bid = next((e for e in events if e.name == "Bid"), None)
    for event in events:
        if event.name.endswith("AuctionStarted"):
            reserved[int(str(event.args["accountId"]))] = 0
    if bid is None:
        return 0
    number, share = int(str(bid.args["accountId"])), int(str(bid.args["finalPercentage"]))
    bidder = int(str(bid.args["bidderId"]))
    got = {
        _key(e): _amount(e, "amount")
        for e in events
        if e.name == "BalanceAdjusted"
        and e.args["accountId"] == bidder
        and _key(e)[0] != cash_asset
    }
    before = {
        _key(e): _amount(e, "preBalance")
        for e in events
        if e.name == "BalanceAdjusted" and e.args["accountId"] == number and _key(e) in got
    }
    account = Account(number, "", "", [Holding(*key, amount) for key, amount in before.items()])
    taken = bids.split(account, cash_asset, share, reserved=0)
    assert {(h.asset, h.sub_id): h.balance for h in taken} == {k: v for k, v in got.items() if v}
    cash = [
        e
        for e in events
        if e.name == "BalanceAdjusted"
        and e.args["accountId"] == number
        and _key(e)[0] == cash_asset
    ]
    paid = int(str(bid.args["cashFromBidder"]))
    if paid:
        *_, move, payment = cash
        held = Account(number, "", "", [Holding(cash_asset, 0, _amount(move, "preBalance"))])
        (part,) = bids.split(held, cash_asset, share, reserved=reserved[number])
        assert part.balance == -_amount(move, "amount")
        assert _amount(payment, "amount") == paid
        reserved[number] += paid
    return len(taken)


def _key(event: Event) -> tuple[str, int]:
    """(asset, sub id) of a balance."""
    asset_and_sub = event.args["assetAndSubId"]
    packed = (
        asset_and_sub if isinstance(asset_and_sub, bytes) else bytes.fromhex(str(asset_and_sub))
    )

    return checksum(packed[:20]), int.from_bytes(packed[20:], "big")


def _amount(event: Event, name: str) -> int:
    """A number of an event."""
    return int(str(event.args[name]))


def test_the_first_bid_is_what_the_house_says_it_would_be(recording: Recorded) -> None:
    book = recording.book("G")
    prices = PLUG.prices(book)
    moving = in_motion(recording, "G")
    compared = 0
    for account in list(moving.breaching()):
        (said,) = PLUG.liquidate(PLUG.value(book, prices), account)
        fresh = in_motion(recording, "G")
        first = fresh.liquidate(account)[0].closure
        assert (first.amount, first.price_e18, first.value_e18, first.after) == (
            said.amount,
            said.price_e18,
            said.value_e18,
            said.after,
        )
        compared += 1
    assert compared >= 40


def test_a_solvent_bid_brings_the_account_to_its_buffer(recording: Recorded) -> None:
    """By rule, margin is linear in the portfolio: what is left is just above maintenance."""
    moving = in_motion(recording, "G")
    house = moving.state.auction_house
    compared = 0
    for account in list(moving.breaching()):
        manager = moving.state.accounts[int(account)].manager
        (first, *more) = moving.liquidate(account)
        if manager != moving.state.srm.address or first.closure.amount == WAD or more:
            continue
        standing = moving.standing(account)
        assert standing is not None
        assert standing.headroom_e18 >= 0
        assert not house.auctions[int(account)].ongoing
        compared += 1
    assert compared > 0


def test_an_insolvent_account_is_emptied_and_others_pay(recording: Recorded) -> None:
    moving = in_motion(recording, "G")
    shock(moving, recording, "G", 80)
    before = {r.name: r.capacity_e18 for r in moving.backstops()}
    supply = moving.state.cash.total_supply
    modules = socialised = 0
    for account in list(moving.breaching()):
        executed = list(moving.liquidate(account))
        bad = [t for t in transfers_of(executed) if t.bad_debt]
        if not bad:
            continue
        assert moving.state.accounts[int(account)].balances == []
        modules += sum(t.amount_e18 for t in bad if t.from_party != "cash_holders")
        socialised += sum(t.amount_e18 for t in bad if t.from_party == "cash_holders")
    after = {r.name: r.capacity_e18 for r in moving.backstops()}
    assert socialised > 0
    assert modules > 0
    assert before["security module"] is not None
    assert after["security module"] is not None
    assert after["security module"] < before["security module"]
    assert moving.state.cash.total_supply == supply + socialised
    assert [r.kind for r in moving.backstops()][-1] is BackstopKind.SOCIALISED


def test_an_auction_that_lost_its_value_is_terminated_and_started_again(
    recording: Recorded,
) -> None:
    """Solvent auctions whose accounts fall below zero: the next auction is an insolvent one."""
    moving = in_motion(recording, "H")
    shock(moving, recording, "H", 80)
    found = [
        account
        for account in moving.breaching()
        if (auction := moving.state.auction_house.auctions.get(int(account))) is not None
        and auction.ongoing
        and not auction.insolvent
        and (moving.equity_at(account, {}) or 0) < 0
    ]
    assert found
    for account in found:
        assert any(t.bad_debt for t in transfers_of(list(moving.liquidate(account))))
        assert moving.equity_at(account, {}) == 0
    assert all((equity >= 0) for a, equity in equities(moving).items() if a in found)


def test_the_book_it_was_made_of_stays_as_it_was(recording: Recorded) -> None:
    state = recording.state("G")
    accounts = {n: (a, list(a.balances), a.cash_index) for n, a in state.accounts.items()}
    cash, house = replace(state.cash), dict(state.auction_house.auctions)
    positions = {a: dict(p.positions) for a, p in state.perps.items()}
    moving = in_motion(recording, "G")
    shock(moving, recording, "G", 80)
    for account in moving.account_ids():
        moving.withdraw(account)
        moving.liquidate(account)
        moving.unwind(account)
    assert {n: (a, list(a.balances), a.cash_index) for n, a in state.accounts.items()} == accounts
    assert (state.cash, state.auction_house.auctions) == (cash, house)
    assert {a: p.positions for a, p in state.perps.items()} == positions


def test_the_largest_bid_is_offered_and_nothing_happens_before_it_is_made(
    recording: Recorded,
) -> None:
    moving = in_motion(recording, "G")
    found = list(moving.breaching())
    before = equities(moving)
    offers = {account: moving.offers(account) for account in found}
    assert equities(moving) == before
    assert list(moving.breaching()) == found
    account = found[0]
    (offer,) = offers[account]
    done = moving.execute(offer, offer.most)
    assert done.sold == offer.largest.sold
    assert done.closure.amount == offer.most
    with pytest.raises(ValueError, match="nobody can bid"):
        moving.execute(offer, offer.most - 1)


def test_perps_keep_their_difference_unless_they_are_given(recording: Recorded) -> None:
    moving = in_motion(recording, "A")
    (perp, market), *_ = moving.state.perps.items()
    prices = moving.prices_e18()
    difference = prices[perp] - prices[market.spot_feed]
    moving.set_prices({market.spot_feed: prices[market.spot_feed] * 2})
    assert moving.prices_e18()[perp] - moving.prices_e18()[market.spot_feed] == difference
    moving.set_prices({market.spot_feed: prices[market.spot_feed], perp: prices[perp] + 7})
    assert moving.prices_e18()[perp] == prices[perp] + 7
    assert moving.prices_e18()[market.spot_feed] == prices[market.spot_feed]


def test_wrong_prices_are_refused(recording: Recorded) -> None:
    moving = in_motion(recording, "A")
    with pytest.raises(KeyError):
        moving.set_prices({"0x" + "9" * 40: WAD})
    with pytest.raises(ValueError, match="positive"):
        moving.set_prices(dict.fromkeys(moving.prices_e18(), 0))
    with pytest.raises(ValueError, match="1 or more"):
        moving.scale_requirements(Fraction(1, 2))


def test_requirements_are_multiplied(recording: Recorded) -> None:
    moving = in_motion(recording, "A")
    before = {a: moving.standing(a) for a in moving.account_ids()}
    moving.scale_requirements(Fraction(3, 2))
    for account, old in before.items():
        new = moving.standing(account)
        assert old is not None
        assert new is not None
        needed = old.equity_e18 - old.headroom_e18
        assert new.equity_e18 == old.equity_e18
        assert new.equity_e18 - new.headroom_e18 == (-(-needed * 3 // 2) if needed > 0 else needed)
    tight = len(moving.breaching())
    moving.scale_requirements(Fraction(1))
    assert {a: moving.standing(a) for a in moving.account_ids()} == before
    assert len(moving.breaching()) < tight


def test_equity_at_other_prices_is_what_it_is_once_they_are_set(recording: Recorded) -> None:
    moving = in_motion(recording, "B")
    wanted = {
        feed: price * 9 // 10
        for feed, price in moving.prices_e18().items()
        if feed in moving.state.feeds.spot and feed != moving.state.srm.stable_feed
    }
    foreseen = {a: moving.equity_at(a, wanted) for a in moving.account_ids()}
    assert foreseen != equities(moving)
    moving.set_prices(wanted)
    assert foreseen == equities(moving)


@pytest.mark.parametrize("label", ["A", "G"])
def test_winding_up_leaves_cash_or_nothing(recording: Recorded, label: str) -> None:
    moving = in_motion(recording, label)
    cash = moving.state.cash.address
    for account in moving.account_ids():
        before = moving.equity_at(account, {})
        executed = list(moving.unwind(account))
        after = moving.equity_at(account, {})
        assert before is not None
        assert after is not None
        assert after - before == net(transfers_of(executed), account)
        if executed:
            assert {h.asset for h in moving.state.accounts[int(account)].balances} <= {cash}
            assert after >= 0
            moved = transfers_of(executed)
            interest = net([t for t in moved if t.what == "interest settled"], account)
            assert abs(after - max(before + interest, 0)) < ROUNDING_WEI


@pytest.mark.parametrize("label", ["A", "G"])
def test_what_a_winding_up_lost_is_cash_less_and_then_a_loss_of_all(
    recording: Recorded, label: str
) -> None:
    moving, wound = in_motion(recording, label), 0
    for account in moving.account_ids():
        if not moving.unwind(account):
            continue
        wound += 1
        left = moving.equity_at(account, {})
        assert left is not None
        moved = moving.bear(account, left + 100 * 10**18)
        assert net(list(moved), account) == -left - 100 * 10**18
        assert moving.equity_at(account, {}) == -100 * 10**18
        again = transfers_of(list(moving.unwind(account)))
        assert sum(t.amount_e18 for t in again if t.bad_debt) == 100 * 10**18
        assert moving.equity_at(account, {}) == 0
    assert wound


@pytest.mark.parametrize("label", ["A", "G", "H"])
def test_withdrawals_keep_initial_margin(recording: Recorded, label: str) -> None:
    """Nobody is auctionable because of what was withdrawn; while withdrawals are blocked (pin H)
    nothing is."""
    moving = in_motion(recording, label)
    breaching, before = list(moving.breaching()), equities(moving)
    moved = [t for a in moving.account_ids() for t in moving.withdraw(a)]
    after = equities(moving)
    assert list(moving.breaching()) == breaching
    assert {a: after[a] - before[a] for a in after} == {a: net(moved, a) for a in after}
    taken = sum(t.amount_e18 for t in moved if t.to_party == "owner")
    assert (taken > 0) == (label != "H")


def test_options_are_sold_as_what_hedges_them(recording: Recorded) -> None:
    """A call's delta less its put's is one; both lie between nothing and one unit."""
    state = recording.state("A")
    held = {
        (h.asset, h.sub_id)
        for a in state.accounts.values()
        for h in a.balances
        if h.asset in state.options
    }
    call = 1 << 95
    assert held
    for asset, sub_id in held:
        calls, puts = delta(state, asset, sub_id | call), delta(state, asset, sub_id & ~call)
        assert -WAD // 10**6 <= calls <= WAD + WAD // 10**6
        assert abs(calls - puts - WAD) < WAD // 10**6


def test_stale_feeds_leave_accounts_unknown_and_alone(recording: Recorded) -> None:
    moving = in_motion(recording, "L")
    unknown = [a for a in moving.account_ids() if moving.standing(a) is None]
    assert len(unknown) > 100
    assert not set(moving.breaching()) & set(unknown)
    for account in unknown:
        assert moving.liquidate(account) == moving.unwind(account) == moving.withdraw(account) == []


def test_what_is_reserved_is_not_shared() -> None:
    account = Account(1, "", "", [Holding(CASH, 0, 100), Holding(PERP, 0, -7)])
    half = bids.split(account, CASH, WAD // 2, reserved=40)
    assert half == [Holding(CASH, 0, 30), Holding(PERP, 0, mul(-7, WAD // 2))]
