"""Logs to balances, flags and indexes, exactly, each with the rules of the code that made it.

Which code ran is in `code`, what an upgrade wrote without an event in `anchors`. Constants of
implementations are read at the pinned block, anchors at the upgrade's. No user's number is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import CONFIGURATOR, PROVIDER
from analyzer.protocols.aave_v3.logs.fold import anchors, code, reserves, tokens
from analyzer.protocols.aave_v3.logs.fold.context import FoldContext
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger, RevisionSpan
from analyzer.protocols.aave_v3.logs.fold.unknown import find_unknown
from analyzer.protocols.aave_v3.logs.sources import configurator_of
from analyzer.protocols.aave_v3.records.balances import Side
from analyzer.protocols.aave_v3.revisions import rules_of
from analyzer.protocols.kit.arguments import text
from analyzer.protocols.kit.resumable import ResumableFold

__all__ = ["FOLDING", "AaveLedger", "fold"]

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
    return _HANDLERS.get((event.contract, event.name))


@dataclass(slots=True)
class AaveFold:
    """The fold between two blocks. revision: of the Pool's code, None before any log asked for it.
    configurator_accrues: as `FoldContext` has it. said: what the chain said of the end of the last
    block or of the next, which is not settled before a later log."""

    ledger: AaveLedger
    revision: int | None = None
    configurator_accrues: bool = False
    said: list[anchors.Said] = field(default_factory=list)


def _begin(deployment: Deployment) -> AaveFold:
    """The market before any log."""
    return AaveFold(AaveLedger(configurator=deployment.contracts.get(CONFIGURATOR, "")))


def _go_on(deployment: Deployment, state: AaveFold, events: Iterable[Event]) -> Reading[None]:
    """Takes further `events`, which come in (block, log index) order.

    Asks each implementation for its revision where a rule depends on it, and an upgrade's block for
    what its initializer wrote. An event that no rule explains is not dropped: it becomes a note of
    the ledger. Raises: UnreadError when an implementation of the Pool does not say its revision.
    """
    ledger, context, said = state.ledger, _context(state), state.said
    for event in events:
        ledger.events += 1
        if said and context is not None:
            said = anchors.settle(context, said, event.block_number)
        if event.contract == PROVIDER:
            if event.name == "PoolUpdated":
                before = context
                context = yield from _upgraded_pool(deployment, ledger, context, event)
                ledger.implementations[deployment.contracts["pool"]] = text(event, "newAddress")
                if before is not None:
                    pool, rules = deployment.contracts["pool"], before.rules
                    said += yield from anchors.on_pool_code(context, rules, event, pool)
            else:
                _on_provider(ledger, event)
            continue
        if context is None:
            context = yield from _unnamed_pool(deployment, ledger)
        handler = _handler(event)
        if event.name == "Upgraded":
            yield from code.on_upgraded(context, event)
        elif handler is not None:
            handler(context, event)
        elif (event.contract, event.name) not in _WITHOUT_EFFECT:
            context.note("unhandled event", event, f"{event.contract}.{event.name}")
    state.said = said
    if context is not None:
        state.revision = context.rules.revision
        state.configurator_accrues = context.configurator_accrues


def _end(deployment: Deployment, state: AaveFold) -> AaveLedger:
    """The market after the last event: what the chain said of its block's end, and of whom the
    logs give no number that can be trusted."""
    context = _context(state)
    if context is not None:
        anchors.settle(context, state.said)
    find_unknown(state.ledger)
    return state.ledger


def _context(state: AaveFold) -> FoldContext | None:
    """What the handlers work with; None before the Pool's code is known."""
    if state.revision is None:
        return None
    rules = rules_of(state.revision, state.ledger.first_release)
    return FoldContext(state.ledger, rules, state.configurator_accrues)


FOLDING = ResumableFold(AaveFold, _begin, _go_on, _end)
fold = FOLDING.whole
"""The market after all events; reads as `_go_on` says."""


def _upgraded_pool(
    deployment: Deployment, ledger: AaveLedger, context: FoldContext | None, event: Event
) -> Reading[FoldContext]:
    """The Pool got new code: the context with its rules."""
    implementation = text(event, "newAddress")
    known = {span.implementation: span.revision for span in ledger.revisions}
    revision = known.get(implementation)
    if revision is None:
        revision = yield from code.pool_revision(implementation)
    if revision == 1 and not ledger.revisions:
        provider = deployment.contracts[PROVIDER]
        ledger.first_release = yield from code.first_release(provider, implementation)
    rules = rules_of(revision, ledger.first_release)
    span = RevisionSpan(
        event.block_number, event.log_index, implementation, revision, rules.release
    )
    if context is not None and not ledger.revisions:
        context.note("revision", event, _gap(event))
    ledger.revisions.append(span)
    accrues = rules.factor_change_accrues
    return FoldContext(ledger, rules, accrues if context is None else context.configurator_accrues)


def _unnamed_pool(deployment: Deployment, ledger: AaveLedger) -> Reading[FoldContext]:
    """The context where logs begin after the one that names the Pool's code: as it is now."""
    revision = yield from code.pool_revision(deployment.contracts["pool"])
    if revision == 1:
        provider = deployment.contracts[PROVIDER]
        ledger.first_release = yield from code.first_release(provider, None)
    rules = rules_of(revision, ledger.first_release)
    return FoldContext(ledger, rules, rules.factor_change_accrues)


def _gap(event: Event) -> str:
    """What is said where the Pool's logs begin before the first log that names its code."""
    return f"the logs before this upgrade of {text(event, 'oldAddress')} had the newest rules"


def _on_provider(ledger: AaveLedger, event: Event) -> None:
    """The registry named the configurator, and the first code of a proxy of its own (later code
    is in the proxy's `Upgraded` logs); its other events are read at the block instead."""
    ledger.configurator = configurator_of(event) or ledger.configurator
    if event.name == "ProxyCreated":
        ledger.implementations[text(event, "proxyAddress")] = text(event, "implementationAddress")
