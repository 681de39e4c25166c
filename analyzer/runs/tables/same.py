"""A snapshot of a table as that table again: every leg with its own shares, every digit."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.integers import WAD, trunc_div
from analyzer.protocols.table.rules import Adl, Kind, Rules, Terms
from analyzer.protocols.table.state.state import TableState, state_of
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.tables.decimals import decimal_text, share_text

Row = dict[str, str]


def position_rows(scan: ScanBook) -> Iterator[Row]:
    """The rows of the book's legs, in its order."""
    book, state = scan.book, state_of(scan.book)
    for number, (account, owner) in enumerate(zip(book.account_ids, book.owners, strict=True)):
        legs = range(int(book.indptr[number]), int(book.indptr[number + 1]))
        for leg in legs:
            place, amount = int(book.asset[leg]), book.amount[leg]
            terms, asset = state.terms[place], book.assets[place]
            if terms.kind is Kind.CASH:
                continue
            row = {
                "account": account,
                "owner": "" if owner == account else owner,
                "kind": terms.kind.value,
                "asset": asset.asset_id,
                "amount": decimal_text(
                    -amount if terms.kind is Kind.DEBT else amount, asset.decimals
                ),
                **_shares(terms),
            }
            if terms.kind is Kind.POSITION:
                entry = _entry(amount, book.amount[leg + 1], 10**asset.decimals)
                row["entry"] = decimal_text(entry, 18)
            yield row


def _shares(terms: Terms) -> Row:
    """The shares of a leg, as its own cells."""
    if terms.kind is Kind.DEBT:
        return {}
    found = {
        "threshold": share_text(terms.threshold_e18),
        "initial": share_text(terms.initial_e18),
        "bonus": share_text(terms.bonus_e18),
    }
    if terms.kind is Kind.COLLATERAL:
        found["haircut"] = share_text(terms.haircut_e18)
    return found


def _entry(amount: int, cash: int, scale: int) -> int:
    """The entry price, 18 decimals, of a position that was entered for `cash`: the one that gives
    it again."""
    if not amount:
        return WAD
    near = abs(trunc_div(cash * scale, amount))
    for entry in (near, near + 1):
        if -trunc_div(amount * entry, scale) == cash:
            return entry
    return max(near, 1)


def price_rows(scan: ScanBook) -> Iterator[Row]:
    """The prices, with the decimals that amounts have."""
    book, state = scan.book, state_of(scan.book)
    decimals = {asset.asset_id: asset.decimals for asset in book.assets[:-1]}
    for asset, given in state.prices.items():
        if asset == state.rules.unit:
            continue
        price = "" if given.price_e18 is None else decimal_text(given.price_e18, 18)
        yield {"asset": asset, "price": price, "decimals": str(decimals.get(asset, 18))}


def rules_lines(state: TableState) -> Iterator[str]:
    """[close] and [losses] as TOML."""
    rules: Rules = state.rules
    yield from ("", "[close]", f"factor = {share_text(rules.close_factor_e18)}")
    yield f"full_below = {decimal_text(rules.full_below_e18, 18)}"
    yield f"dust = {decimal_text(rules.dust_e18, 18)}"
    yield from ("", "[losses]", f"fund = {decimal_text(rules.fund_e18, 18)}")
    if rules.adl:
        yield f'adl = "{rules.adl.value}"'
    if rules.adl is Adl.CAPPED:
        yield f"adl_cap = {share_text(rules.adl_cap_e18)}"
    yield f'rest = "{rules.rest.value}"'
