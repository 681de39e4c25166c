"""Logs to balances, flags and indexes, exactly.

The rules of a token event depend on the Pool's code at that moment. The addresses provider's
`PoolUpdated` names each implementation, and every implementation says its revision: a constant,
which is asked of it (at the pinned block) the first time a log names it. No user's number is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analyzer.model.deployment import Deployment
from analyzer.model.errors import UnreadError
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.balances import Side
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER, CONFIGURATOR, PROVIDER
from analyzer.protocols.aave_v3.fold import reserves, tokens
from analyzer.protocols.aave_v3.fold.context import FoldContext, on_upgraded
from analyzer.protocols.aave_v3.fold.ledger import AaveLedger, RevisionSpan
from analyzer.protocols.aave_v3.revisions import rules_of
from analyzer.protocols.aave_v3.sources import configurator_of
from analyzer.protocols.arguments import text
from analyzer.protocols.batch import Batch, Unreadable

__all__ = ["AaveLedger", "fold"]

Handler = Callable[[FoldContext, Event], None]

_HANDLERS: dict[tuple[str, str], Handler] = {
    ("a_token", "Mint"): tokens.on_mint(Side.SUPPLY),
    ("a_token", "Burn"): tokens.on_burn(Side.SUPPLY),
    ("a_token", "BalanceTransfer"): tokens.on_balance_transfer,
    ("variable_debt_token", "Mint"): tokens.on_mint(Side.DEBT),
    ("variable_debt_token", "Burn"): tokens.on_burn(Side.DEBT),
    ("stable_debt_token", "Mint"): tokens.on_stable_mint,
    ("stable_debt_token", "Burn"): tokens.on_stable_burn,
    ("pool", "ReserveDataUpdated"): reserves.on_reserve_data_updated,
    ("pool", "ReserveUsedAsCollateralEnabled"): reserves.on_collateral_enabled,
    ("pool", "ReserveUsedAsCollateralDisabled"): reserves.on_collateral_disabled,
    ("pool", "UserEModeSet"): reserves.on_user_emode_set,
    ("pool", "Supply"): reserves.on_supply,
    ("pool", "Withdraw"): reserves.on_withdraw,
    ("pool", "Borrow"): reserves.on_borrow,
    ("pool", "Repay"): reserves.on_repay,
    ("pool", "FlashLoan"): reserves.on_flash_loan,
    ("pool", "LiquidationCall"): reserves.on_liquidation,
    ("pool", "DeficitCreated"): reserves.on_deficit_created,
    ("pool", "DeficitCovered"): reserves.on_deficit_covered,
    ("pool", "MintedToTreasury"): reserves.on_minted_to_treasury,
    ("pool", "IsolationModeTotalDebtUpdated"): reserves.on_isolation_debt,
    ("pool", "BackUnbacked"): reserves.on_back_unbacked,
    (CONFIGURATOR, "ReserveInitialized"): reserves.on_reserve_initialized,
    (CONFIGURATOR, "ReserveDropped"): reserves.on_reserve_dropped,
    (CONFIGURATOR, "ReserveFactorChanged"): reserves.on_reserve_factor,
    (CONFIGURATOR, "EModeCategoryAdded"): reserves.on_category_added,
    (CONFIGURATOR, "FlashloanPremiumToProtocolUpdated"): reserves.on_flash_premium_share,
}

_WITHOUT_EFFECT = frozenset({("pool", "MintUnbacked")})
"""Indexed for the record; the aTokens that it mints have an event of their own."""


def _handler(event: Event) -> Handler | None:
    """What to do with an event; None where it changes no state of ours."""
    if event.name == "Upgraded":
        return on_upgraded
    return _HANDLERS.get((event.contract, event.name))


def fold(deployment: Deployment, events: Iterable[Event]) -> Reading[AaveLedger]:
    """The market after `events`, which come in (block, log index) order.

    Asks each implementation of the Pool for its revision. An event that no rule explains is not
    dropped: it becomes a note of the ledger.
    Raises: UnreadError when an implementation does not say its revision.
    """
    ledger = AaveLedger(configurator=deployment.contracts.get(CONFIGURATOR, ""))
    context: FoldContext | None = None
    for event in events:
        ledger.events += 1
        if event.contract == PROVIDER:
            if event.name == "PoolUpdated":
                span = yield from _upgrade(ledger, event)
                ledger.implementations[deployment.contracts["pool"]] = span.implementation
                if context is not None and len(ledger.revisions) == 1:
                    context.note("revision", event, _gap(event))
                context = FoldContext(ledger, rules_of(span.revision))
            else:
                _on_provider(ledger, event)
            continue
        if context is None:
            revision = yield from _revision(deployment.contracts["pool"])
            context = FoldContext(ledger, rules_of(revision))
        handler = _handler(event)
        if handler is not None:
            handler(context, event)
        elif (event.contract, event.name) not in _WITHOUT_EFFECT:
            context.note("unhandled event", event, f"{event.contract}.{event.name}")
    return ledger


def _upgrade(ledger: AaveLedger, event: Event) -> Reading[RevisionSpan]:
    """The Pool got new code: which revision it is."""
    implementation = text(event, "newAddress")
    known = {span.implementation: span.revision for span in ledger.revisions}
    revision = known.get(implementation)
    if revision is None:
        revision = yield from _revision(implementation)
    span = RevisionSpan(event.block_number, event.log_index, implementation, revision)
    ledger.revisions.append(span)
    return span


def _gap(event: Event) -> str:
    """What is said where the Pool's logs begin before the first log that names its code."""
    return f"the logs before this upgrade of {text(event, 'oldAddress')} had the newest rules"


def _revision(address: str) -> Reading[int]:
    """The `POOL_REVISION` of a Pool's code, or of the proxy itself where logs begin later.

    Raises: UnreadError when it does not say.
    """
    batch = Batch(ABI_FOLDER)
    ticket = batch.call("Pool", address, "POOL_REVISION", about=address)
    revision = batch.replies((yield batch.requests)).number(ticket)
    if isinstance(revision, Unreadable):
        raise UnreadError(
            f"the revision of the Pool's code at {address} is not known ({revision}): "
            "without it no balance can be rebuilt"
        )
    return revision


def _on_provider(ledger: AaveLedger, event: Event) -> None:
    """The registry named the configurator, and the first code of a proxy of its own (later code
    is in the proxy's `Upgraded` logs); its other events are read at the block instead."""
    ledger.configurator = configurator_of(event) or ledger.configurator
    if event.name == "ProxyCreated":
        ledger.implementations[text(event, "proxyAddress")] = text(event, "implementationAddress")
