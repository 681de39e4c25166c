"""Events of markets: pools, open interest, indexes, prices.

Source: gmx-synthetics `MarketEventUtils.sol`, `AdlUtils.sol`, `OracleUtils.sol`.
"""

from __future__ import annotations

from collections.abc import MutableMapping

from analyzer.abi.keccak import checksum
from analyzer.model.logs import Event
from analyzer.protocols.gmx_v2.logs.fold.ledger import GmxLedger
from analyzer.protocols.gmx_v2.records import Logged, MarketLedger, Side
from analyzer.protocols.kit.arguments import blob, integer, text
from analyzer.protocols.kit.folding import listed, note

NOTHING = "0x" + "0" * 40
"""The index token of a market that only swaps."""
GAP = "logs before it are missing"
"""Kind of note: a change does not lead from the number before to the number after."""


def on_created(ledger: GmxLedger, event: Event) -> None:
    """A market and its three tokens."""
    address = text(event, "marketToken")
    if address in ledger.markets:
        note(ledger.notes, "market created twice", event, address)
        return
    ledger.markets[address] = MarketLedger(
        address, text(event, "indexToken"), text(event, "longToken"), text(event, "shortToken")
    )


def on_price(ledger: GmxLedger, event: Event) -> None:
    """The only prices on the chain: what a keeper's transaction used."""
    ledger.prices[text(event, "token")] = Logged(
        integer(event, "minPrice"),
        integer(event, "maxPrice"),
        integer(event, "timestamp"),
        text(event, "provider"),
        event.block_number,
    )
    if ledger.priced_in != event.tx_hash:
        ledger.priced_in = event.tx_hash
        ledger.priced.clear()
    ledger.priced.append(text(event, "token"))


def on_pool(ledger: GmxLedger, event: Event) -> None:
    """The pool's amount of a token."""
    market = market_of(ledger, event)
    if market is not None:
        _advance(ledger, event, market.pool, text(event, "token"))


def on_swap_impact_pool(ledger: GmxLedger, event: Event) -> None:
    """The swap impact pool's amount of a token: a part of what the market holds."""
    market = market_of(ledger, event)
    if market is not None:
        _advance(ledger, event, market.swap_impact_pool, text(event, "token"))


def on_impact_pool(ledger: GmxLedger, event: Event) -> None:
    """The position impact pool, index tokens."""
    market = market_of(ledger, event)
    if market is not None:
        after, delta = integer(event, "nextValue"), integer(event, "delta")
        # Where a part of what is taken out is lent, the event's `delta` has lost its sign.
        if market.impact_pool - delta == after:
            market.impact_pool = after
        else:
            market.impact_pool = _next(ledger, event, market.impact_pool)


def on_lent_impact_pool(ledger: GmxLedger, event: Event) -> None:
    """What the pool lent to the position impact pool, index tokens."""
    market = market_of(ledger, event)
    if market is not None:
        market.lent_impact_pool = _next(ledger, event, market.lent_impact_pool)


def on_total_pending_impact(ledger: GmxLedger, event: Event) -> None:
    """The sum of all positions' pending impact, index tokens, signed."""
    market = market_of(ledger, event)
    if market is not None:
        market.total_pending_impact = _next(ledger, event, market.total_pending_impact)


def on_open_interest(ledger: GmxLedger, event: Event) -> None:
    """Open interest of a side by collateral token, USD."""
    side = _side_of(ledger, event)
    if side is not None:
        _advance(ledger, event, side.open_interest, text(event, "collateralToken"))


def on_open_interest_in_tokens(ledger: GmxLedger, event: Event) -> None:
    """Open interest of a side by collateral token, index tokens."""
    side = _side_of(ledger, event)
    if side is not None:
        _advance(ledger, event, side.in_tokens, text(event, "collateralToken"))


def on_collateral_sum(ledger: GmxLedger, event: Event) -> None:
    """The sum of a side's collateral by token."""
    side = _side_of(ledger, event)
    if side is not None:
        _advance(ledger, event, side.collateral_sum, text(event, "collateralToken"))


def on_fee_per_size(ledger: GmxLedger, event: Event) -> None:
    """The funding index that a side's positions pay by."""
    side = _side_of(ledger, event)
    if side is not None:
        _advance(ledger, event, side.fee_per_size, text(event, "collateralToken"), "value")


def on_claimable_per_size(ledger: GmxLedger, event: Event) -> None:
    """The funding index that a side's positions are paid by."""
    side = _side_of(ledger, event)
    if side is not None:
        _advance(ledger, event, side.claimable_per_size, text(event, "collateralToken"), "value")


def on_borrowing(ledger: GmxLedger, event: Event) -> None:
    """The borrowing index of a side; it is accrued to the block's time."""
    side = _side_of(ledger, event)
    if side is not None:
        side.cumulative_borrowing = _next(ledger, event, side.cumulative_borrowing)
        side.borrowing_updated_at = event.time
        check_prices(ledger, event, ledger.markets[text(event, "market")])


def on_funding(ledger: GmxLedger, event: Event) -> None:
    """Funding of a market is accrued to the block's time."""
    market = market_of(ledger, event)
    if market is not None:
        market.funding_updated_at = event.time
        check_prices(ledger, event, market)


def on_virtual_inventory(ledger: GmxLedger, event: Event) -> None:
    """The inventory that markets of one index share, signed: > 0 = sold to the pools. In USD; in
    index tokens while the balance of markets is counted in tokens."""
    _advance(ledger, event, ledger.virtual, "0x" + blob(event, "virtualTokenId").hex())


def on_virtual_swaps(ledger: GmxLedger, event: Event) -> None:
    """The inventory of a pool token that markets of the same tokens share."""
    shared = ledger.virtual_swaps.setdefault("0x" + blob(event, "virtualMarketId").hex(), {})
    _advance(ledger, event, shared, "long" if event.args["isLongToken"] else "short")


def on_adl_state(ledger: GmxLedger, event: Event) -> None:
    """Whether a side may be deleveraged; the market is only a topic of this event."""
    address = checksum(blob(event, "topic1")[-20:])
    market = listed(ledger.markets, address, "market", event=event, notes=ledger.notes)
    if market is not None:
        side = market.side(bool(event.args["isLong"]))
        side.adl_enabled = bool(event.args["shouldEnableAdl"])
        side.adl_at = event.time
        check_prices(ledger, event, market)


def check_prices(ledger: GmxLedger, event: Event, market: MarketLedger) -> None:
    """A transaction that needs a market's prices has set all of them before, else one is missing in
    the logs."""
    wanted = (market.index_token, market.long_token, market.short_token)
    there = ledger.priced if ledger.priced_in == event.tx_hash else ()
    for token in dict.fromkeys(wanted):
        if token not in there and token != NOTHING:
            words = f"{event.name} of {market.market_token}: no price of {token} in its transaction"
            note(ledger.notes, GAP, event, words)


def market_of(ledger: GmxLedger, event: Event) -> MarketLedger | None:
    """The event's market; None, with a note, where no log created it."""
    address = text(event, "market")
    return listed(ledger.markets, address, "market", event=event, notes=ledger.notes)


def _side_of(ledger: GmxLedger, event: Event) -> Side | None:
    """The event's side of its market."""
    market = market_of(ledger, event)
    return None if market is None else market.side(bool(event.args["isLong"]))


def _advance(
    ledger: GmxLedger,
    event: Event,
    amounts: MutableMapping[str, int],
    token: str,
    field: str = "nextValue",
) -> None:
    """A number by token becomes what the event says it is."""
    amounts[token] = _next(ledger, event, amounts.get(token, 0), field)


def _next(ledger: GmxLedger, event: Event, before: int, field: str = "nextValue") -> int:
    """The number after the event; a note where its change does not lead there."""
    after, delta = integer(event, field), integer(event, "delta")
    if before + delta != after:
        words = f"{event.name}: {before} + {delta} is not {after}"
        note(ledger.notes, GAP, event, words)
    return after
