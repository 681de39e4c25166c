"""Facts about the scan as a whole that detectors turn into findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.book import Price, Prices
from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Caution
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.records import Account, MarketStatus
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.limits import UINT24_REVERT
from analyzer.protocols.perp_v2.value.takeover import ORDERS_FIRST
from analyzer.protocols.perp_v2.value.value import PerpValued

PAUSED_MARKET = "CH_MNO"
FUND_TOO_SMALL = "CH_IIC"


def cautions(valued: PerpValued, margin: Sequence[MarginRow]) -> list[Caution]:
    """Upgrades in the history, pauses, liquidations that would revert, prices that are no good; in
    this order."""
    state, prices = valued.state, valued.prices
    return [
        *_upgrades(state),
        *_paused_contracts(state),
        *_paused_markets(valued),
        *_blocked(valued, margin),
        *_bad_prices(state, prices, margin),
    ]


def _upgrades(state: PerpState) -> Iterator[Caution]:
    """Contracts that ran other code in the middle of the history: one set of rules folds it all."""
    ledger = None if state.evidence is None else state.evidence.ledger
    for contract, blocks in ({} if ledger is None else ledger.upgrades).items():
        yield Caution(
            kind="revision_not_run",
            account_id=None,
            market_id=contract,
            text=f"{contract} got other code in its history: the logs before are folded with the"
            " rules of 2.8, which were never run against the code that made them",
            amounts={"upgrades_count": len(blocks)},
            evidence={"source": f"Upgraded in blocks {', '.join(map(str, blocks[:20]))}"},
        )


def _paused_contracts(state: PerpState) -> Iterator[Caution]:
    """The owner stopped the ClearingHouse or the Vault as a whole."""
    for name, paused, what in (
        ("ClearingHouse", state.clearing_house_paused, "no position can be opened or liquidated"),
        ("Vault", state.vault_paused, "nothing can be withdrawn and no collateral liquidated"),
    ):
        if paused:
            yield Caution(
                kind="paused_market",
                account_id=None,
                market_id=name,
                text=f"{name} is paused: {what}",
                evidence={"source": f"{name}.paused() at block {state.block_number}"},
            )


def _paused_markets(valued: PerpValued) -> Iterator[Caution]:
    """A paused market with positions in it: nobody can close or liquidate them."""
    for base, market in valued.state.markets.items():
        if market.status != MarketStatus.PAUSED:
            continue
        sizes = [
            valued.account(account.address).markets[base].size
            for account in valued.state.accounts.values()
            if base in account.markets
        ]
        held = [size for size in sizes if size]
        if held:
            yield Caution(
                kind="paused_market",
                account_id=None,
                market_id=base,
                text=f"{market.symbol} is paused with {len(held)} open positions: no liquidation",
                amounts={
                    "positions_count": len(held),
                    "long_e18": sum(size for size in held if size > 0),
                    "paused_index_price_e18": market.paused_index_price_e18,
                },
                evidence={"paused since": str(market.paused_timestamp), "revert": PAUSED_MARKET},
            )


def _blocked(valued: PerpValued, margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """Positions of liquidatable accounts whose liquidation would revert."""
    for row in margin:
        if not (row.liquidatable and row.closable):
            continue
        account = valued.state.accounts[row.account_id]
        try:
            found = valued.obstacles(row.account_id)
        except UnreadableNumberError:
            continue
        for base, reverts in found.items():
            if reverts is None or reverts == ORDERS_FIRST:
                continue
            yield _blocked_caution(valued.state, account, base, reverts, row)


def _blocked_caution(
    state: PerpState, account: Account, base: str, reverts: str, row: MarginRow
) -> Caution:
    """One position that ought to be liquidated and cannot."""
    symbol = state.markets[base].symbol
    kind, why = "liquidation_reverts", f"the call reverts {reverts}"
    if reverts == UINT24_REVERT:
        why = "its share of the account does not fit in 24 bits"
    elif reverts == FUND_TOO_SMALL:
        kind, why = "fund_capacity", "its deficit is above the insurance fund's capacity"
    elif reverts == PAUSED_MARKET:
        kind, why = "paused_market", f"{symbol} is paused"
        if state.markets[base].status == MarketStatus.CLOSED:
            why = f"{symbol} is closed; anyone may settle it with quitMarket"
    amounts = {
        "margin_equity_e18": row.margin_equity_e18,
        "maintenance_margin_e18": row.maintenance_margin_e18,
    }
    return Caution(
        kind=kind,
        account_id=account.address,
        market_id=base,
        text=f"Position in {symbol} cannot be liquidated: {why}",
        amounts={name: value for name, value in amounts.items() if value is not None},
        evidence={"revert": reverts},
    )


def _bad_prices(state: PerpState, prices: Prices, margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """Prices that are stale, invalid or missing, with how many accounts they make unknown."""
    unknown = {row.account_id for row in margin if row.unknown_reason is not None}
    for asset_id, price in prices.by_asset.items():
        if price.status not in ("stale", "invalid", "missing"):
            continue
        holders = [
            address
            for address, account in state.accounts.items()
            if asset_id in account.markets or account.balances.get(asset_id)
        ]
        yield Caution(
            kind="stale_oracle" if price.status == "stale" else "invalid_oracle",
            account_id=None,
            market_id=asset_id,
            text=f"Price of {price.symbol} is {price.status}: {price.detail}",
            amounts=_price_amounts(state, price, holders, unknown),
            evidence={"source": price.source},
        )


def _price_amounts(
    state: PerpState, price: Price, holders: Sequence[str], unknown: set[str]
) -> dict[str, int]:
    """The numbers of a bad price; an unknown one is left out."""
    amounts = {
        "accounts_count": len(holders),
        "unknown_accounts_count": sum(address in unknown for address in holders),
    }
    if price.price_e18 is not None:
        amounts["price_e18"] = price.price_e18
    if price.updated_at is not None:
        amounts["age_s"] = state.block_time - price.updated_at
    return amounts
