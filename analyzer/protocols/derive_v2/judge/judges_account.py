"""What is asked about one account: its balances, cash, perps, margins and auction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.derive_v2.judge.judges import Bench, Values, ask, compute
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.derive_v2.value.account import AccountNumbers
from analyzer.protocols.derive_v2.value.auction_views import (
    auction_margins,
    auction_status,
    current_bid_price,
    max_proportion,
)
from analyzer.protocols.derive_v2.value.perps import NO_POSITION
from analyzer.protocols.derive_v2.value.startable import startable
from analyzer.protocols.kit.judging import Question
from analyzer.protocols.kit.unreadable import Unreadable, reverts


def one(value: Expected | Unreadable) -> Values:
    """A single expected value, or the refusal."""
    return value if isinstance(value, Unreadable) else (value,)


def account_judges(bench: Bench, account: Account, row: MarginRow | None) -> Iterator[Judge]:
    """Every view of the account that its kind has. A known `row` of margin is judged as it was
    written; else what the state gives is."""
    numbers = _as_written(bench.valuation.numbers(account.number), row)
    yield from _balances(bench, account)
    yield from _cash(bench, account, numbers)
    yield from _perps(bench, account)
    if account.manager in bench.state.pmrms:
        yield from _scenario_margin(bench, account, numbers)
    elif account.manager == bench.state.srm.address:
        yield from _standard_margin(bench, account, numbers)
    yield from _auction(bench, account)


def _as_written(numbers: AccountNumbers, row: MarginRow | None) -> AccountNumbers:
    """The account's margins as its row has them."""
    if (
        row is None
        or row.equity_e18 is None
        or row.margin_equity_e18 is None
        or row.maintenance_margin_e18 is None
        or row.free_collateral_e18 is None
    ):
        return numbers
    headroom = row.margin_equity_e18 - row.maintenance_margin_e18
    return replace(numbers, mtm=row.equity_e18, mm=headroom, im=row.free_collateral_e18)


def _balances(bench: Bench, account: Account) -> Iterator[Judge]:
    """Owner, manager and every balance in the contract's order."""
    number, key = account.number, str(account.number)
    address = bench.state.contracts["SubAccounts"]

    def question(function: str, field: str) -> Question:
        return Question("SubAccounts", address, function, (number,), (field,), key)

    held = tuple((h.asset, h.sub_id, h.balance) for h in account.balances)
    yield from ask(bench, question("ownerOf", "balances.owner"), (account.owner,))
    yield from ask(bench, question("manager", "balances.manager"), (account.manager,))
    yield from ask(bench, question("getAccountBalances", "balances.all"), (held,))


def _cash(bench: Bench, account: Account, numbers: AccountNumbers) -> Iterator[Judge]:
    """Stored cash, its index, and cash with interest to now."""
    number, key = account.number, str(account.number)
    cash, accounts = bench.state.cash.address, bench.state.contracts["SubAccounts"]
    stored = Question(
        "SubAccounts", accounts, "getBalance", (number, cash, 0), ("cash.stored",), key
    )
    yield from ask(bench, stored, (numbers.cash_stored,))
    index = Question("CashAsset", cash, "accountIdIndex", (number,), ("cash.index",), key)
    yield from ask(bench, index, (account.cash_index,))
    interest = Question(
        "CashAsset", cash, "calculateBalanceWithInterest", (number,), ("cash.with_interest",), key
    )
    yield from ask(bench, interest, one(numbers.cash_with_interest))


def _perps(bench: Bench, account: Account) -> Iterator[Judge]:
    """What every perp keeps for the account (the time of its last payment, which the contract
    never writes, too), and what is not settled."""
    fields = ("perp.last_mark", "perp.funding", "perp.pnl", "perp.funding_index")
    for address, perp in bench.state.perps.items():
        number, key = account.number, str(account.number)
        found = perp.positions.get(number, NO_POSITION)
        stored = (
            found.last_mark_price,
            found.funding,
            found.pnl,
            found.last_aggregated_funding,
            0,
        )
        question = Question(
            "PerpAsset", address, "positions", (number,), (*fields, "perp.last_paid"), key, address
        )
        yield from ask(bench, question, stored)
        size = sum(h.balance for h in account.balances if h.asset == address)
        holding = Holding(address, 0, size)
        unsettled = Question(
            "PerpAsset",
            address,
            "getUnsettledAndUnrealizedCash",
            (number,),
            ("perp.unsettled",),
            key,
            address,
        )
        value = compute(partial(_unsettled, bench, account, holding))
        yield from ask(bench, unsettled, value)


def _unsettled(bench: Bench, account: Account, holding: Holding) -> tuple[int]:
    """Unsettled cash of one perp, as a view's output."""
    return (bench.valuation.unsettled(account, holding),)


def _standard_margin(bench: Bench, account: Account, numbers: AccountNumbers) -> Iterator[Judge]:
    """SRM's margins: both views, both kinds."""
    key, address = str(account.number), account.manager
    for initial, margin, name in ((False, numbers.mm, "mm"), (True, numbers.im, "im")):
        args = (account.number, initial)
        question = Question("StandardManager", address, "getMargin", args, (f"margin.{name}",), key)
        yield from ask(bench, question, one(margin))
        both = Question(
            "StandardManager",
            address,
            "getMarginAndMarkToMarket",
            (*args, 0),
            (f"margin.{name}", "margin.mtm"),
            key,
        )
        yield from ask(bench, both, _with(margin, numbers.mtm))


def _with(margin: int | Unreadable, mtm: int | Unreadable) -> Values:
    """Margin and mark to market; the margin's refusal is the view's."""
    if isinstance(margin, Unreadable):
        return margin
    return (margin, None if isinstance(mtm, Unreadable) else mtm)


def _scenario_margin(bench: Bench, account: Account, numbers: AccountNumbers) -> Iterator[Judge]:
    """PMRM_2's margins with the worst scenario, then every scenario where more than cash is
    held."""
    key, address = str(account.number), account.manager
    margins = (
        (False, numbers.mm, numbers.worst_mm, "mm"),
        (True, numbers.im, numbers.worst_im, "im"),
    )
    for initial, margin, worst, name in margins:
        args = (account.number, initial)
        plain = Question("PMRM_2", address, "getMargin", args, (f"margin.{name}",), key)
        yield from ask(bench, plain, one(margin))
        fields = (f"margin.{name}", "margin.mtm", f"margin.worst_{name}")
        full = Question("PMRM_2", address, "getMarginAndMtM", args, fields, key)
        values = _with(margin, numbers.mtm)
        yield from ask(bench, full, values if isinstance(values, Unreadable) else (*values, worst))
    if _only_cash(bench, account):
        return
    for scenario in range(_scenarios(bench, account)):
        yield from _one_scenario(bench, account, scenario)


def _only_cash(bench: Bench, account: Account) -> bool:
    """Whether the account holds nothing but cash: then all scenarios are alike."""
    return all(held.asset == bench.state.cash.address for held in account.balances)


def _scenarios(bench: Bench, account: Account) -> int:
    """How many scenarios the account's manager has: one under the StandardManager."""
    manager = bench.state.pmrms.get(account.manager)
    if manager is None:
        return 1
    return 0 if isinstance(manager.scenarios, Unreadable) else len(manager.scenarios)


def _one_scenario(bench: Bench, account: Account, scenario: int) -> Iterator[Judge]:
    """PnL and maintenance margin under one scenario."""
    key, address, number = str(account.number), account.manager, account.number
    pnl = Question("PMRM_2", address, "getScenarioPnL", (number, scenario), ("scenario.pnl",), key)
    yield from ask(bench, pnl, compute(lambda: (bench.valuation.scenario_pnl(number)[scenario],)))
    single = Question(
        "PMRM_2",
        address,
        "getMarginAndMarkToMarket",
        (number, False, scenario),
        ("scenario.mm", "scenario.mtm"),
        key,
    )
    yield from ask(bench, single, compute(partial(_scenario_values, bench, account, scenario)))


def _scenario_values(bench: Bench, account: Account, scenario: int) -> tuple[int, int]:
    """(maintenance margin, mark to market) under one scenario."""
    found = bench.valuation.margin(account, initial=False, scenario=scenario)
    return found.margin, found.mark_to_market


def _auction(bench: Bench, account: Account) -> Iterator[Judge]:
    """The auction's record, its prices where there ever was one, and under which scenarios one
    could be started now."""
    house, number, key = bench.state.auction_house, account.number, str(account.number)
    found = house.auctions.get(number)
    record = found or Auction(0, 0, False, False, 0, 0, 0)
    fields = ("account", "scenario", "insolvent", "ongoing", "cached_mm", "start", "reserved")
    question = Question(
        "DutchAuction",
        house.address,
        "getAuction",
        (number,),
        tuple(f"auction.{name}" for name in fields),
        key,
    )
    values = (
        record.account,
        record.scenario_id,
        record.insolvent,
        record.ongoing,
        record.cached_mm,
        record.start_time,
        record.reserved_cash,
    )
    yield from ask(bench, question, values)
    live = Question(
        "DutchAuction", house.address, "isAuctionLive", (number,), ("auction.live",), key
    )
    yield from ask(bench, live, (record.ongoing,))
    margins = Question(
        "DutchAuction",
        house.address,
        "getMarginAndMarkToMarket",
        (number, 0),
        ("auction.margin_mm", "auction.margin_bm", "auction.margin_mtm"),
        key,
    )
    yield from ask(bench, margins, compute(lambda: auction_margins(bench.valuation, number, 0)))
    if found is not None:
        yield from _auction_prices(bench, found)
    for scenario in range(1 if _only_cash(bench, account) else _scenarios(bench, account)):
        yield from _startable(bench, number, scenario)


def _auction_prices(bench: Bench, auction: Auction) -> Iterator[Judge]:
    """Status, bid price and largest share of an auction, ended ones too (then errors)."""
    address, number, key = bench.state.auction_house.address, auction.account, str(auction.account)

    def question(function: str, args: tuple[object, ...], *fields: str) -> Question:
        return Question("DutchAuction", address, function, args, fields, key)

    found = auction_status(bench.valuation, number)
    status: Values = (
        found
        if isinstance(found, Unreadable)
        else (found.can_terminate, found.mtm, found.mm, found.bm)
    )
    fields = ("auction.can_terminate", "auction.mtm", "auction.mm", "auction.bm")
    yield from ask(bench, question("getAuctionStatus", (number,), *fields), status)
    price = one(current_bid_price(bench.valuation, number))
    yield from ask(bench, question("getCurrentBidPrice", (number,), "auction.bid_price"), price)
    share = one(max_proportion(bench.valuation, number, auction.scenario_id))
    args = (number, auction.scenario_id)
    yield from ask(bench, question("getMaxProportion", args, "auction.max_proportion"), share)


def _startable(bench: Bench, number: int, scenario: int) -> Iterator[Judge]:
    """Whether startAuction would succeed under one scenario, else its error."""
    error = startable(bench.valuation, number, scenario)
    question = Question(
        "DutchAuction",
        bench.state.auction_house.address,
        "startAuction",
        (number, scenario),
        ("startable.starts",),
        str(number),
    )
    values: Values = (True,) if error is None else reverts("startAuction", error)
    yield from ask(bench, question, values)
