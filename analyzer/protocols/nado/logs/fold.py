"""Logs to the ledger: the last spot balances, sizes of perps, funding and interest.

Traps (spec section 14): the position of an isolated order belongs to the isolated account of the
parent that the log names; of a liquidated spread the log carries the perp leg's payment. Source:
the events of nadohq/nado-contracts 1.1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.kit.arguments import blob, integer, text
from analyzer.protocols.kit.folding import at_first, note
from analyzer.protocols.kit.resumable import ResumableFold
from analyzer.protocols.nado.account_ids import isolated_product
from analyzer.protocols.nado.arithmetic import div, mul
from analyzer.protocols.nado.logs.ledger import LoggedBalance, LoggedInterest, NadoLedger, Seen

Handler = Callable[[NadoLedger, Event], None]
SPREAD_SHIFT = 16
"""A spread is named by its perp product in the bits from here up, and its spot product below."""
SPOT_MASK = 2**SPREAD_SHIFT - 1
SPOT_ENGINE = "SpotEngine"
BALANCE_WEI = 16
"""What an update of a balance may round to."""
FINALISATION = 0xFFFFFFFF
"""The product id of a finalisation."""


def _account(ledger: NadoLedger, event: Event, name: str) -> str:
    """The sub-account that the argument names, its event counted."""
    account = "0x" + blob(event, name).hex()
    seen = at_first(ledger.accounts, account, lambda: Seen(event.block_number))
    seen.last_block = event.block_number
    seen.events += 1
    return account


def _add(sums: dict[tuple[str, int], int], account: str, product: int, amount: int) -> None:
    """More of a product."""
    sums[account, product] = sums.get((account, product), 0) + amount


def on_spot_balance(ledger: NadoLedger, event: Event) -> None:
    """A balance is now `amount`, at the multiplier of its side."""
    balance = _account(ledger, event, "subaccount"), integer(event, "productId")
    if balance in ledger.spot:
        ledger.spot_before[balance] = ledger.spot[balance]
    ledger.spot[balance] = LoggedBalance(
        integer(event, "amount"), integer(event, "lastCumulativeMultiplierX18")
    )


def _moved(ledger: NadoLedger, event: Event, account: str, product: int, change: int) -> None:
    """Sees that a spot balance moved by what this log says: that its last two logs are there.

    Where the balance changed sides, the multiplier of the other side is not told, and nothing is
    said. A product that no balance log names is a perp's.
    """
    now = ledger.spot.get((account, product))
    if now is None:
        words = f"{event.name} of {account} in product {product} without a balance log"
    else:
        before = ledger.spot_before.get((account, product), LoggedBalance(0, now.multiplier))
        if before.amount and (before.amount > 0) != (now.amount > 0):
            return
        then = mul(div(before.amount, before.multiplier), now.multiplier)
        if abs(then + change - now.amount) <= BALANCE_WEI:
            return
        words = f"{event.name} moved {account} in product {product} by {change}, its balance"
        words += f" went from {then} to {now.amount}"
    note(ledger.notes, "missing balance", event, words)


def on_interest(ledger: NadoLedger, event: Event) -> None:
    """A tick multiplied both sides."""
    found = at_first(ledger.interest, integer(event, "productId"), LoggedInterest)
    found.deposit_multiplier = mul(
        found.deposit_multiplier, integer(event, "depositRateMultiplierX18")
    )
    found.borrow_multiplier = mul(
        found.borrow_multiplier, integer(event, "borrowRateMultiplierX18")
    )
    found.steps += 1


def on_funding(ledger: NadoLedger, event: Event) -> None:
    """A tick moved both sides of the cumulative funding."""
    product = integer(event, "productId")
    ledger.funding[product] = ledger.funding.get(product, 0) + integer(event, "payment")
    ledger.funding_steps[product] = ledger.funding_steps.get(product, 0) + 1


def on_fill(ledger: NadoLedger, event: Event) -> None:
    """One side of a trade. Spot sides have their own balance logs."""
    account, product = _account(ledger, event, "subaccount"), integer(event, "productId")
    sums = ledger.isolated_sizes if event.args["isolated"] else ledger.sizes
    _add(sums, account, product, integer(event, "baseDelta"))
    if product in ledger.products.get(SPOT_ENGINE, ()):
        _moved(ledger, event, account, product, integer(event, "baseDelta"))
    ledger.fills += 1


def on_liquidation(ledger: NadoLedger, event: Event) -> None:
    """A size goes from the liquidated account to the liquidator; of a spread the perp leg goes the
    other way. Spot legs have their own balance logs."""
    liquidator = _account(ledger, event, "liquidatorSubaccount")
    liquidated = _account(ledger, event, "liquidateeSubaccount")
    product, amount = integer(event, "productId"), integer(event, "amount")
    spot = product & SPOT_MASK if event.args["isEncodedSpread"] else product
    if spot in ledger.products.get(SPOT_ENGINE, ()):
        _moved(ledger, event, liquidated, spot, -amount)
        _moved(ledger, event, liquidator, spot, amount)
    if event.args["isEncodedSpread"]:
        product, amount = product >> SPREAD_SHIFT, -amount
    _add(ledger.sizes, liquidated, product, -amount)
    _add(ledger.sizes, liquidator, product, amount)
    ledger.liquidations += 1


def on_moved(ledger: NadoLedger, event: Event) -> None:
    """A deposit or a withdrawal: its balance has a log of its own."""
    account, product = _account(ledger, event, "subaccount"), integer(event, "productId")
    amount = integer(event, "amount")
    ledger.paid_in[product] = ledger.paid_in.get(product, 0) + amount
    _moved(ledger, event, account, product, amount)


def on_isolated_closed(ledger: NadoLedger, event: Event) -> None:
    """The account is empty, and its number may be used again."""
    isolated = _account(ledger, event, "isolatedSubaccount")
    parent = _account(ledger, event, "parentSubaccount")
    product = isolated_product(isolated)
    left = ledger.isolated_sizes.pop((parent, product), 0)
    left += ledger.sizes.pop((isolated, product), 0)
    ledger.closed_sizes[product] = ledger.closed_sizes.get(product, 0) + left


def on_builder_fee(ledger: NadoLedger, event: Event) -> None:
    """A builder has more to claim."""
    _account(ledger, event, "subaccount")
    product, builder = integer(event, "productId"), integer(event, "builder")
    fee = integer(event, "builderFee")
    ledger.builder_fees[product] = ledger.builder_fees.get(product, 0) + fee
    if builder not in ledger.builders:
        ledger.builders.append(builder)


def on_claimed(ledger: NadoLedger, event: Event) -> None:
    """A builder was paid: the balance has a log of its own."""
    _account(ledger, event, "subaccount")
    product, amount = integer(event, "productId"), integer(event, "amount")
    ledger.builder_claims[product] = ledger.builder_claims.get(product, 0) + amount


def on_product(ledger: NadoLedger, event: Event) -> None:
    """A product was added or changed; the log names it and nothing more."""
    listed = ledger.products.setdefault(event.contract, [])
    product = integer(event, "productId")
    if product not in listed:
        listed.append(product)


def on_upgraded(ledger: NadoLedger, event: Event) -> None:
    """A proxy has other code."""
    ledger.upgraded[event.address] = text(event, "implementation")


HANDLERS: dict[str, Handler] = {
    "SpotBalance": on_spot_balance,
    "InterestPayment": on_interest,
    "FundingPayment": on_funding,
    "FillOrder": on_fill,
    "Liquidation": on_liquidation,
    "ModifyCollateral": on_moved,
    "CloseIsolatedSubaccount": on_isolated_closed,
    "BuilderFeePayment": on_builder_fee,
    "ClaimBuilderFee": on_claimed,
    "AddOrUpdateProduct": on_product,
    "Upgraded": on_upgraded,
}
"""Event -> what it does to the ledger; every event that is indexed has one."""


def _begin(deployment: Deployment) -> NadoLedger:
    """The venue before any log."""
    del deployment
    return NadoLedger()


def _go_on(deployment: Deployment, ledger: NadoLedger, events: Iterable[Event]) -> Reading[None]:
    """The venue after these events too, which come in (block, log index) order."""
    del deployment
    yield from ()
    for event in events:
        ledger.events += 1
        HANDLERS[event.name](ledger, event)


def _end(deployment: Deployment, ledger: NadoLedger) -> NadoLedger:
    """What was kept is the ledger."""
    del deployment
    return ledger


FOLDING = ResumableFold(NadoLedger, _begin, _go_on, _end)
"""The venue after its events; it can be left off after any block."""
