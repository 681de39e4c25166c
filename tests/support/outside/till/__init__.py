"""A whole protocol in one file, from outside of `analyzer`: the example of how to add one.

A till holds ETH for its customers. `Paid(who, amount)` moves a balance, `price()` is the price of
a whole ETH with 18 decimals, and `worthOf(who)` is the till's own view of a customer:

    equity = balance x price, truncated; whoever is below 0 may be closed; below 10 no new risk
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from analyzer.protocols.kit import (
    WAD,
    AccountRow,
    Asset,
    BackstopRow,
    Batch,
    BlockRef,
    Book,
    Closure,
    CollateralRow,
    Deployment,
    Details,
    Event,
    Judge,
    LegKind,
    MarginRow,
    Price,
    Prices,
    Proves,
    Question,
    Reading,
    Repriced,
    Source,
    StagedPlug,
    Stages,
    StatementLine,
    TotalRow,
    Unreadable,
    ask,
    asks_nothing,
    checked_type,
    factor_of,
    integer,
    judge_selectors,
    make_book,
    mul_div,
    text,
    unknown_margin,
)

ABIS = "till:abis"
TILL_ABI = f"{ABIS}/Till"
COIN, SYMBOL = "coin", "WETH"
INITIAL = 10 * WAD


@dataclass(slots=True)
class Ledger:
    """Balances (18 decimals) and the blocks of each customer's logs, from the logs alone."""

    balances: Counter[str] = field(default_factory=Counter)
    blocks: dict[str, list[int]] = field(default_factory=dict)

    def account_ids(self) -> Sequence[str]:
        """Customers in order of first appearance."""
        return list(self.blocks)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was read at the block: the price, and what must exist (None = not read)."""

    price_e18: int | Unreadable
    customers: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What margin needs: ledger and observation together."""

    till: str
    ledger: Ledger
    price: int | Unreadable
    customers: int | None = None
    total: int | None = None


def sources(deployment: Deployment) -> Sequence[Source]:
    """The one contract."""
    till = deployment.contracts["till"]
    return [Source("till", till, TILL_ABI, ("Paid",), deployment.from_block)]


def fold(deployment: Deployment, events: Iterable[Event]) -> Ledger:
    """Payments to balances."""
    ledger = Ledger()
    for event in events:
        who = text(event, "who")
        ledger.balances[who] += integer(event, "amount")
        ledger.blocks.setdefault(who, []).append(event.block_number)
    return ledger


def observe(deployment: Deployment, ledger: Ledger, block: BlockRef) -> Reading[Observation]:
    """The price, and what the logs are held against: so many customers, with so much in all."""
    batch, till = Batch(ABIS), deployment.contracts["till"]
    price = batch.call("Till", till, "price")
    customers = batch.call("Till", till, "customers", evidence=True)
    total = batch.call("Till", till, "total", evidence=True)
    replies = yield from batch.read()
    return Observation(replies.number(price), replies.optional(customers), replies.optional(total))


def book(deployment: Deployment, block: BlockRef, ledger: Ledger, seen: Observation) -> Book:
    """One leg a customer."""
    ids = ledger.account_ids()
    factor = factor_of(deployment.factors, COIN, SYMBOL)
    coin = Asset(COIN, SYMBOL, LegKind.COLLATERAL, 18, factor)
    till = deployment.contracts["till"]
    state = State(till, ledger, seen.price_e18, seen.customers, seen.total)
    return make_book(ids, [coin], ([(0, ledger.balances[who])] for who in ids), state)


def prices(found: Book) -> Prices:
    """The till's price; without a number when it was not read."""
    state = checked_type(found.state, State, "book")
    known = None if isinstance(state.price, Unreadable) else state.price
    status = "missing" if known is None else "fresh"
    return Prices({COIN: Price(COIN, SYMBOL, found.assets[0].factor, known, status, "Till.price")})


@dataclass(frozen=True, slots=True)
class Valued:
    """The book at prices. equity_e18: customer -> equity; empty without a price."""

    book: Book
    prices: Prices
    state: State
    equity_e18: Mapping[str, int]


def value(found: Book, given: Prices) -> Valued:
    """Every customer at a price, once."""
    state, price = checked_type(found.state, State, "book"), given.e18(COIN)
    balances = {} if price is None else state.ledger.balances
    equity = {who: mul_div(balance, price or 0, WAD) for who, balance in balances.items()}
    return Valued(found, given, state, equity)


def margin(valued: Valued) -> Sequence[MarginRow]:
    """Every customer; unknown without a price."""
    why = str(valued.state.price)
    return [
        _margin_row(who, valued.equity_e18[who])
        if who in valued.equity_e18
        else unknown_margin(who, why)
        for who in valued.book.account_ids
    ]


def _margin_row(who: str, equity: int) -> MarginRow:
    return MarginRow(
        account_id=who,
        owner=who,
        equity_e18=equity,
        margin_equity_e18=equity,
        initial_margin_e18=INITIAL,
        maintenance_margin_e18=0,
        free_collateral_e18=equity - INITIAL,
        liquidatable=equity < 0,
        closable=True,
    )


def details(valued: Valued) -> Details:
    """Rows of the other tables."""
    ledger, price = valued.state.ledger, valued.prices.e18(COIN)
    worth = {who: valued.equity_e18.get(who) for who in valued.book.account_ids}
    return Details(
        accounts=[
            AccountRow(who, who, "customer", min(at), max(at), len(at))
            for who, at in ledger.blocks.items()
        ],
        collateral=[
            CollateralRow(
                who, COIN, SYMBOL, 18, ledger.balances[who], price, value, value, 1_000_000
            )
            for who, value in worth.items()
        ],
        positions=[],
        orders=[],
        markets=[],
        prices=list(valued.prices.by_asset.values()),
        implementations=[],
        statements=[
            StatementLine(who, "result", "equity", value, "e18", "balance x Till.price")
            for who, value in worth.items()
        ],
    )


def totals(valued: Valued) -> list[TotalRow]:
    """Nobody is missing: both are read from the till, and are 0 only where nobody ever paid."""
    state, ledger = valued.state, valued.state.ledger
    customers, coins = len(ledger.blocks), sum(ledger.balances.values())
    return [
        TotalRow(
            "customers", "customers in the logs = Till.customers", "customers", customers,
            state.customers, 0, "every customer has a log", proves=Proves.ACCOUNTS,
        ),
        TotalRow(
            "coins", "sum of balances = Till.total", "e18", coins, state.total, 0,
            "each payment moves both", proves=Proves.ACCOUNTS,
        ),
    ]  # fmt: skip


def reprice(valued: Valued, factors: Sequence[str], shocks: npt.NDArray[np.float64]) -> Repriced:
    """Equity under shocks of the coin's factor, float64, [account, scenario]."""
    found, state = valued.book, valued.state
    factor = found.assets[0].factor
    shock = shocks[list(factors).index(factor)] if factor in factors else np.ones(shocks.shape[1])
    price = np.nan if isinstance(state.price, Unreadable) else state.price / WAD
    equity = np.outer(found.amounts_f64(), shock * price)
    nothing = np.zeros_like(equity)
    return Repriced(equity, equity, nothing, nothing + INITIAL / WAD)


def liquidate(valued: Valued, account_id: str) -> Sequence[Closure]:
    """A till closes nothing by itself."""
    return ()


def backstops(valued: Valued) -> Sequence[BackstopRow]:
    """The owner of the till pays."""
    return [BackstopRow(1, "owner of the till", None, None, True, "pays without a bound")]


def truth(valued: Valued, rows: Sequence[MarginRow], account_ids: Sequence[str]) -> Sequence[Judge]:
    """The till's own view of each customer."""
    equity = {row.account_id: row.equity_e18 for row in rows}
    return [
        judge
        for who in account_ids
        for judge in ask(
            Question(TILL_ABI, valued.state.till, "worthOf", (who,), ("equity",), who),
            [equity[who]],
        )
    ]


class Till(StagedPlug):
    """The protocol: its names, its types and its stages."""

    name = "till"
    methodology = "till/1"
    required_contracts = ("till",)
    ledger_type = Ledger
    observation_type = Observation
    state_type = State
    valued_type = Valued
    stages: ClassVar[Stages[Ledger, Observation, Valued]] = Stages(
        sources=sources,
        fold=asks_nothing(fold),
        observe=observe,
        book=book,
        prices=prices,
        value=value,
        margin=margin,
        details=details,
        totals=totals,
        reprice=reprice,
        liquidate=liquidate,
        backstops=backstops,
        truth=truth,
        judges=judge_selectors(ABIS, {"Till": ["worthOf"]}),
    )


PLUG = Till()
