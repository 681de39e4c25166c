"""Rows for the tables beside margin: accounts, collateral, debts and positions, markets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzer.model.book import Asset
from analyzer.model.integers import WAD, trunc_div
from analyzer.model.rows import AccountRow, CollateralRow, MarketRow, PositionRow, StatementLine
from analyzer.protocols.base import Details
from analyzer.protocols.kit.rows_of import RowsOf
from analyzer.protocols.kit.statement import Statements
from analyzer.protocols.table.rules import E36, Kind
from analyzer.protocols.table.value.account import Leg
from analyzer.protocols.table.value.statement import Writer
from analyzer.protocols.table.value.value import TableValued

_E6_PER_E36 = E36 // 10**6
_E6_PER_E18 = WAD // 10**6
_ONE_E6 = 10**6


def details(valued: TableValued) -> Details:
    """Everything that is written out beside margin; rows of accounts are made as they are read."""
    places = {account: n for n, account in enumerate(valued.book.account_ids)}
    writer = Writer(valued.valuation)

    def legs(account: str) -> list[Leg]:
        return list(valued.valuation.legs(places[account]))

    def lines(account: str) -> list[StatementLine]:
        sums = valued.valuation.all()[places[account]]
        return list(writer.lines(account, legs(account), sums))

    ids = valued.book.account_ids
    return Details(
        accounts=list(_accounts(valued)),
        collateral=RowsOf(ids, lambda account: _collateral(valued, account, legs(account))),
        positions=RowsOf(ids, lambda account: _positions(valued, account, legs(account))),
        orders=[],
        markets=_markets(valued),
        prices=list(valued.prices.by_asset.values()),
        implementations=[],
        statements=Statements(ids, lines),
    )


def in_18_decimals(amount: int, asset: Asset) -> int:
    """An amount of an asset with 18 decimals; one with more loses its last ones."""
    return trunc_div(amount * WAD, 10**asset.decimals)


def _legs(valued: TableValued) -> Iterator[tuple[str, str, list[Leg]]]:
    """(account, owner, its legs), account by account."""
    book = valued.book
    numbers, amounts, indptr = book.asset.tolist(), book.amount, book.indptr.tolist()
    for i, (account, owner) in enumerate(zip(book.account_ids, book.owners, strict=True)):
        legs = range(indptr[i], indptr[i + 1])
        yield account, owner, [(numbers[leg], amounts[leg]) for leg in legs]


def _accounts(valued: TableValued) -> Iterator[AccountRow]:
    """What each is, and how many rows of the table it has (as its events)."""
    kinds = [terms.kind for terms in valued.state.terms]
    for account, owner, legs in _legs(valued):
        found = [kinds[number] for number, _ in legs]
        rows = len(found) - found.count(Kind.CASH)
        if Kind.POSITION in found:
            kind = "trader"
        else:
            kind = "borrower" if Kind.DEBT in found else "supplier"
        yield AccountRow(account, owner, kind, None, None, rows)


def _collateral(valued: TableValued, account: str, legs: Sequence[Leg]) -> list[CollateralRow]:
    """What is pledged of each asset, parts under several numbers together; one that is not entered
    has weight 0."""
    rows: dict[str, CollateralRow] = {}
    for number, amount in legs:
        terms, asset = valued.state.terms[number], valued.book.assets[number]
        if terms.kind is not Kind.COLLATERAL:
            continue
        value = valued.valuation.value_e18(number, amount)
        row = CollateralRow(
            account_id=account,
            asset_id=asset.asset_id,
            symbol=asset.symbol,
            decimals=asset.decimals,
            amount=amount,
            price_e18=valued.valuation.price_e18(number),
            value_e18=value,
            margin_value_e18=None if value is None else value * terms.weight_e36 // E36,
            weight_e6=terms.weight_e36 // _E6_PER_E36,
        )
        known = rows.get(asset.asset_id)
        rows[asset.asset_id] = row if known is None else _with_part(known, row)
    return list(rows.values())


def _with_part(one: CollateralRow, other: CollateralRow) -> CollateralRow:
    """Two parts of one collateral as one; its weight is what counts of the whole, rounded down."""
    value = _sum(one.value_e18, other.value_e18)
    counted = _sum(one.margin_value_e18, other.margin_value_e18)
    weight = min(one.weight_e6, other.weight_e6)
    if value and counted is not None:
        weight = counted * _ONE_E6 // value
    return replace(
        one,
        amount=one.amount + other.amount,
        value_e18=value,
        margin_value_e18=counted,
        weight_e6=one.weight_e6 if one.weight_e6 == other.weight_e6 else weight,
    )


def _positions(valued: TableValued, account: str, legs: Sequence[Leg]) -> list[PositionRow]:
    """Every debt as a short position without an entry, and every position with its own; several of
    one asset together."""
    rows: dict[str, PositionRow] = {}
    for place, (number, amount) in enumerate(legs):
        kind = valued.state.kind(number)
        if kind not in (Kind.DEBT, Kind.POSITION):
            continue
        # A position is followed by the money that it was entered for.
        entered = legs[place + 1][1] if kind is Kind.POSITION else None
        row = _position(valued, account, number, amount, entered)
        known = rows.get(row.market_id)
        rows[row.market_id] = row if known is None else _with_lot(known, row)
    return list(rows.values())


def _with_lot(one: PositionRow, other: PositionRow) -> PositionRow:
    """Two positions in one asset as one; what either does not say, both do not."""
    return replace(
        one,
        size_e18=_sum(one.size_e18, other.size_e18),
        open_notional_e18=_sum(one.open_notional_e18, other.open_notional_e18),
        value_e18=_sum(one.value_e18, other.value_e18),
        unrealized_pnl_e18=_sum(one.unrealized_pnl_e18, other.unrealized_pnl_e18),
    )


def _sum(one: int | None, other: int | None) -> int | None:
    """Of two amounts; None where one of them is not known."""
    return None if one is None or other is None else one + other


def _position(
    valued: TableValued, account: str, number: int, amount: int, entered: int | None
) -> PositionRow:
    """One debt or position. entered: its money, positive = received."""
    asset = valued.book.assets[number]
    value = valued.valuation.value_e18(number, amount)
    return PositionRow(
        account_id=account,
        market_id=asset.asset_id,
        symbol=asset.symbol,
        size_e18=in_18_decimals(amount, asset),
        open_notional_e18=entered,
        price_e18=valued.valuation.price_e18(number),
        value_e18=value,
        unrealized_pnl_e18=None if value is None or entered is None else value + entered,
        pending_funding_e18=None,
    )


def _markets(valued: TableValued) -> list[MarketRow]:
    """One row an asset. Open interest: what is supplied or held long, and owed or held short.
    Ratios: of the first terms that the book has of it, 1 - share where it is a collateral."""
    book, state = valued.book, valued.state
    long, short = dict[str, int](), dict[str, int]()
    first: dict[str, int] = {}
    for number, terms in enumerate(state.terms):
        if terms.kind in (Kind.COLLATERAL, Kind.POSITION):
            first.setdefault(book.assets[number].asset_id, number)
    for number, amount in zip(book.asset.tolist(), book.amount, strict=True):
        if state.kind(number) is Kind.CASH:
            continue
        side, asset = (long if amount >= 0 else short), book.assets[number].asset_id
        side[asset] = side.get(asset, 0) + abs(amount)
    out = []
    for asset_id, given in state.prices.items():
        numbers = [n for n, asset in enumerate(book.assets) if asset.asset_id == asset_id]
        asset = book.assets[numbers[0]] if numbers else None
        if asset is None or asset_id not in {*long, *short}:
            continue
        out.append(
            MarketRow(
                market_id=asset_id,
                symbol=asset_id,
                factor=given.factor,
                status="open",
                mark_price_e18=valued.prices.e18(asset_id),
                index_price_e18=valued.prices.e18(asset_id),
                reference_price_e18=valued.prices.e18(asset_id),
                open_interest_long_e18=in_18_decimals(long.get(asset_id, 0), asset),
                open_interest_short_e18=in_18_decimals(short.get(asset_id, 0), asset),
                initial_margin_ratio_e6=_ratio_e6(valued, first.get(asset_id), initial=True),
                maintenance_margin_ratio_e6=_ratio_e6(valued, first.get(asset_id), initial=False),
            )
        )
    return out


def _ratio_e6(valued: TableValued, number: int | None, *, initial: bool) -> int | None:
    """A requirement as a share of value, in millionths; None for what is only owed."""
    if number is None:
        return None
    terms = valued.state.terms[number]
    share = (terms.initial_e18 if initial else terms.threshold_e18) // _E6_PER_E18
    return share if terms.kind is Kind.POSITION else _ONE_E6 - share
