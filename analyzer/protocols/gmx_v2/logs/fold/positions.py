"""Events of positions. Each says the whole position after it, but for its pending impact.

Source: gmx-synthetics `PositionEventUtils.sol`, `DecreasePositionCollateralUtils.sol`.
"""

from __future__ import annotations

from analyzer.model.integers import mul_div
from analyzer.model.logs import Event
from analyzer.protocols.gmx_v2.fixed_point import mul_div_away
from analyzer.protocols.gmx_v2.keys import position_key
from analyzer.protocols.gmx_v2.logs.fold.ledger import GmxLedger, Insolvency
from analyzer.protocols.gmx_v2.logs.fold.markets import GAP, market_of
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.kit.arguments import blob, integer, text
from analyzer.protocols.kit.folding import count_event, note


def on_increase(ledger: GmxLedger, event: Event) -> None:
    """A position is opened or grows, or gets collateral."""
    found = _position(ledger, event)
    if found is None:
        return
    _check_size(ledger, event, found, integer(event, "sizeDeltaUsd"))
    found.pending_impact_amount += integer(event, "pendingPriceImpactAmount")
    found.increased_at = integer(event, "increasedAtTime")
    _take_over(found, event)
    _check_price(ledger, event, found)


def on_decrease(ledger: GmxLedger, event: Event) -> None:
    """A position shrinks, gives collateral, or is closed: size 0."""
    found = _position(ledger, event)
    if found is None:
        return
    closed = integer(event, "sizeDeltaUsd")
    _check_size(ledger, event, found, -closed)
    if found.size_in_usd:
        found.pending_impact_amount -= pending_part(found, closed)
    found.decreased_at = integer(event, "decreasedAtTime")
    _take_over(found, event)
    _check_price(ledger, event, found)
    if found.size_in_usd == 0 or found.size_in_tokens == 0:
        del ledger.positions[found.key]
        ledger.closed += 1


def pending_part(position: Position, closed_usd: int) -> int:
    """The part of a position's pending impact that closing `closed_usd` of it pays out, index
    tokens: a negative one rounded away from zero, a positive one down."""
    pending, size = position.pending_impact_amount, position.size_in_usd
    if pending < 0:
        return mul_div_away(pending, closed_usd, size)
    return mul_div(pending, closed_usd, size)


def on_insolvent_close(ledger: GmxLedger, event: Event) -> None:
    """A position was closed for less than it owed."""
    ledger.insolvencies.append(
        Insolvency(
            event.block_number,
            "0x" + blob(event, "orderKey").hex(),
            integer(event, "positionCollateralAmount"),
            integer(event, "basePnlUsd"),
            integer(event, "remainingCostUsd"),
            text(event, "step"),
        )
    )


def on_unpaid_funding(ledger: GmxLedger, event: Event) -> None:
    """A closed position could not pay its funding fee."""
    paid = integer(event, "amountPaidInCollateralToken")
    unpaid = integer(event, "expectedAmount") - paid
    ledger.unpaid_funding.append(
        (event.block_number, text(event, "market"), text(event, "token"), unpaid)
    )


def _position(ledger: GmxLedger, event: Event) -> Position | None:
    """The event's position, made at its first event; None, with a note, where its market was
    never created or its key is of others."""
    if market_of(ledger, event) is None:
        return None
    owner, market = text(event, "account"), text(event, "market")
    token, is_long = text(event, "collateralToken"), bool(event.args["isLong"])
    key = "0x" + blob(event, "positionKey").hex()
    if key != position_key(owner, market, token, is_long):
        note(ledger.notes, "position key of others", event, key)
        return None
    found = ledger.positions.get(key)
    if found is None:
        found = Position(key, owner, market, token, is_long, first_block=event.block_number)
        ledger.positions[key] = found
    count_event(found, event)
    return found


def _take_over(found: Position, event: Event) -> None:
    """What the event says the position is now."""
    found.size_in_usd = integer(event, "sizeInUsd")
    found.size_in_tokens = integer(event, "sizeInTokens")
    found.collateral_amount = integer(event, "collateralAmount")
    found.borrowing_factor = integer(event, "borrowingFactor")
    found.funding_fee_per_size = integer(event, "fundingFeeAmountPerSize")
    found.claimable_long_per_size = integer(event, "longTokenClaimableFundingAmountPerSize")
    found.claimable_short_per_size = integer(event, "shortTokenClaimableFundingAmountPerSize")


def _check_size(ledger: GmxLedger, event: Event, found: Position, delta: int) -> None:
    """The change leads from the size before to the size after."""
    after = integer(event, "sizeInUsd")
    if found.size_in_usd + delta != after:
        words = f"{event.name} of {found.key}: {found.size_in_usd} + {delta} is not {after}"
        note(ledger.notes, GAP, event, words)


def _check_price(ledger: GmxLedger, event: Event, found: Position) -> None:
    """The collateral was priced at the last price of its token in the logs, or one is missing."""
    last = ledger.prices.get(found.collateral_token)
    used = (integer(event, "collateralTokenPrice.min"), integer(event, "collateralTokenPrice.max"))
    if last is None or (last.low, last.high) != used:
        words = f"{event.name} used {used} for {found.collateral_token}, its last price is {last}"
        note(ledger.notes, GAP, event, words)
