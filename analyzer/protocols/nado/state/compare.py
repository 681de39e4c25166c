"""The logs held against storage, and what changed without a log.

Spot: the last log of a balance names its amount and the multiplier of that moment, so that what is
stored has to be that amount at that multiplier. Perps: what orders and liquidations moved adds up
to the size, until a product is delisted or a pool of the NLP is deleted, which no log tells; such
changes are counted. Multipliers: the deposits' one falls below what the ticks made of it when a
loss is socialised; the two sides of cumulative funding part in the same case.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.integers import WAD
from analyzer.protocols.base import SilentChange
from analyzer.protocols.nado.account_ids import Kind, N, isolated_product, kind_of, owner_of
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.logs.ledger import LoggedBalance
from analyzer.protocols.nado.state.balances import perp_now
from analyzer.protocols.nado.state.evidence import Evidence
from analyzer.protocols.nado.state.state import NadoState

PERP_SIZE = "perp_size_without_event"
PERP_QUOTE = "perp_quote_without_event"
FUNDING_SPLIT = "perp_loss_socialised_without_event"
DEPOSIT_CUT = "deposits_cut_without_event"


def compare_with_logs(state: NadoState) -> None:
    """Fills the evidence of the state."""
    evidence = state.evidence
    if evidence is None:
        return
    _balances(state, evidence)
    _sizes(state, evidence)
    _multipliers(state, evidence)


def _balances(state: NadoState, evidence: Evidence) -> None:
    """Every spot balance that is stored or that a log names."""
    found, logged = evidence.balances, evidence.ledger.spot
    stored = {
        (name, product): normalised
        for name, account in state.accounts.items()
        if name not in state.unreadable
        for product, normalised in account.spot.items()
    }
    for name, product in {**dict.fromkeys(logged), **dict.fromkeys(stored)}:
        if name in state.unreadable:
            continue
        found.compared += 1
        normalised = stored.get((name, product), 0)
        last = logged.get((name, product))
        if last is not None and _agrees(last, normalised):
            found.equal += 1
        else:
            found.differs(
                f"{name} of {state.symbol(product)}: {normalised} stored, last log {last}"
            )


def _agrees(last: LoggedBalance, normalised: int) -> bool:
    """Whether a stored balance is what its last log says."""
    return mul(normalised, last.multiplier) == last.amount


def logged_sizes(state: NadoState, evidence: Evidence) -> dict[tuple[str, int], int]:
    """(account, product) -> what orders and liquidations moved by the logs; what isolated orders
    traded is of the account that has that parent now."""
    sizes = dict(evidence.ledger.sizes)
    isolated = {
        (account.parent, isolated_product(name)): name
        for name, account in state.accounts.items()
        if account.parent is not None
    }
    # Of one whose parent was not read, only the owner is known.
    orphans = {
        (owner_of(name), isolated_product(name)): name
        for name, account in state.accounts.items()
        if account.parent is None and name in state.unreadable and kind_of(name) is Kind.ISOLATED
    }
    for (parent, product), amount in evidence.ledger.isolated_sizes.items():
        orphan = orphans.get((owner_of(parent), product), parent)
        name = isolated.get((parent, product), orphan)
        sizes[name, product] = sizes.get((name, product), 0) + amount
    return sizes


def _sizes(state: NadoState, evidence: Evidence) -> None:
    """Every size that is stored or that the logs add up to."""
    found = evidence.sizes
    moved = logged_sizes(state, evidence)
    logged = {key: amount for key, amount in moved.items() if key[1] in state.perps}
    stored = {
        (name, product): held.amount
        for name, account in state.accounts.items()
        if name not in state.unreadable
        for product, held in account.perps.items()
    }
    nlp = _nlp_sizes(state, logged, stored)
    for name, product in {**dict.fromkeys(logged), **dict.fromkeys(stored)}:
        if name in state.unreadable:
            continue
        found.compared += 1
        by_logs, size = logged.get((name, product), 0), stored.get((name, product), 0)
        if by_logs == size:
            found.equal += 1
            continue
        words = f"{by_logs} by the logs, {size} stored"
        why = _silent(state, nlp, name, product)
        if why:
            found.equal += 1
            found.silent += 1
            change = SilentChange(PERP_SIZE, name, str(product), f"{why}: {words}")
            evidence.silent_changes.append(change)
        else:
            found.differs(f"{name} in {state.symbol(product)}: {words}")


def _of_nlp(name: str) -> bool:
    """Whether an account is the NLP's: its main one or a pool."""
    return name == N or kind_of(name) is Kind.POOL


def _nlp_sizes(
    state: NadoState, logged: Mapping[tuple[str, int], int], stored: Mapping[tuple[str, int], int]
) -> frozenset[int]:
    """The perps in which the NLP's accounts have together what the logs say."""
    return frozenset(
        product
        for product in state.perps
        if sum(s for (name, p), s in logged.items() if p == product and _of_nlp(name))
        == sum(s for (name, p), s in stored.items() if p == product and _of_nlp(name))
    )


def _silent(state: NadoState, nlp: frozenset[int], name: str, product: int) -> str:
    """What explains a size that the logs do not; empty = nothing does."""
    perp = state.perps.get(product)
    if perp is not None and product not in state.problems and perp.open_interest == 0:
        return "the product was delisted and every position closed at its price"
    if product in nlp and _of_nlp(name) and _has_emptied_pool(state):
        return "a pool of the NLP was deleted and its positions went to the main account"
    return ""


def _has_emptied_pool(state: NadoState) -> bool:
    """Whether a pool has nothing at all, as the deletion of one leaves it."""
    pools = [account for name, account in state.accounts.items() if kind_of(name) is Kind.POOL]
    return any(not pool.spot and not pool.perps for pool in pools)


def _multipliers(state: NadoState, evidence: Evidence) -> None:
    """Socialised losses: cumulative funding that parted, deposit multipliers that fell."""
    for product, perp in state.perps.items():
        split = perp.funding_long - perp.funding_short
        if split:
            detail = f"{split // 2} a contract was taken from every long and every short"
            change = SilentChange(FUNDING_SPLIT, "", str(product), detail)
            evidence.silent_changes.append(change)
    for product, spot in state.spots.items():
        logged = evidence.ledger.interest.get(product)
        by_ticks = WAD if logged is None else logged.deposit_multiplier
        slack = 0 if logged is None else 2 * logged.steps * (by_ticks // WAD + 1)
        if spot.deposit_multiplier < by_ticks - slack and product not in state.problems:
            detail = f"{spot.deposit_multiplier} stored, {by_ticks} by the ticks"
            change = SilentChange(DEPOSIT_CUT, "", str(product), detail)
            evidence.silent_changes.append(change)


def quotes_without_log(state: NadoState) -> int:
    """How many perp balances have quote and no size: only settlements without a log leave them."""
    return sum(
        1
        for account in state.accounts.values()
        for product, held in account.perps.items()
        if product in state.perps and not perp_now(state.perps[product], held)[0]
    )
