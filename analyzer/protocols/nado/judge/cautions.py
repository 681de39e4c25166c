"""Facts about the venue as a whole that detectors turn into findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Caution
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.state.balances import total_borrows, total_deposits
from analyzer.protocols.nado.state.state import QUOTE, NadoState
from analyzer.protocols.nado.value.margin import BLOCKED
from analyzer.protocols.nado.value.statement import nlp_equity
from analyzer.protocols.nado.value.value import NadoValued


def cautions(valued: NadoValued, margin: Sequence[MarginRow]) -> list[Caution]:
    """Accounts that cannot be liquidated, deposits that were cut or are not funded, products that
    are lent out whole, and a NLP under water; in this order."""
    state = valued.state
    return [
        *_blocked(margin),
        *_cut_deposits(valued),
        *_lent_out(state),
        *_nlp(valued),
    ]


def _blocked(margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """Accounts below maintenance of which no step of a liquidation goes through."""
    for row in margin:
        if row.status != BLOCKED:
            continue
        amounts = {
            "margin_equity_e18": row.margin_equity_e18,
            "maintenance_margin_e18": row.maintenance_margin_e18,
        }
        yield Caution(
            kind="liquidation_reverts",
            account_id=row.account_id,
            market_id=None,
            text=f"Account {row.account_id} is below maintenance and no step of its liquidation"
            " goes through",
            amounts={name: value for name, value in amounts.items() if value is not None},
            evidence={"note": row.note or "every step was tried"},
        )


def _cut_deposits(valued: NadoValued) -> Iterator[Caution]:
    """Products whose depositors have borne a loss: their multiplier is below what the ticks made
    of it."""
    evidence = valued.state.evidence
    for product, spot in valued.state.spots.items():
        logged = None if evidence is None else evidence.ledger.interest.get(product)
        by_ticks = WAD if logged is None else logged.deposit_multiplier
        steps = 0 if logged is None else logged.steps
        short = by_ticks - spot.deposit_multiplier
        if evidence is None or product in valued.state.problems or short <= 4 * (steps + 1):
            continue
        lost = mul(mul(spot.deposits, short), valued.valuation.prices[product])
        yield Caution(
            kind="socialised_loss",
            account_id=None,
            market_id=spot.asset_id,
            text=f"Deposits of {spot.symbol} bear losses of other accounts: every withdrawal is"
            " less by it",
            amounts={"unbacked_cash_e18": lost},
            evidence={
                "source": f"deposit multiplier {spot.deposit_multiplier}, {by_ticks} by the ticks"
            },
        )


def _lent_out(state: NadoState) -> Iterator[Caution]:
    """Products of which more is owed than there are deposits: nobody can withdraw."""
    for product, spot in state.spots.items():
        if product in state.problems or not spot.deposits:
            continue
        deposits, borrows = total_deposits(spot), total_borrows(spot)
        if borrows > deposits:
            frozen = sum(
                1 for account in state.accounts.values() if account.spot.get(product, 0) > 0
            )
            yield Caution(
                kind="withdrawals_blocked",
                account_id=None,
                market_id=spot.asset_id,
                text=f"Withdrawals of {spot.symbol} revert: more is borrowed than deposited",
                amounts={"frozen_accounts_count": frozen, "borrows_e18": borrows},
                evidence={"revert": "MU"},
            )


def _nlp(valued: NadoValued) -> Iterator[Caution]:
    """The NLP's accounts together are worth less than its tokens at the sequencer's price. It is
    told apart: no bad debt of the venue."""
    worth = nlp_equity(valued.valuation)
    if isinstance(worth, Unreadable) or worth >= 0:
        return
    yield Caution(
        kind="lp_underwater",
        account_id=None,
        market_id=valued.state.asset_id(QUOTE),
        text="The NLP's accounts are worth less than its tokens at the sequencer's price",
        amounts={"equity_e18": worth},
        evidence={"source": "health without weights of the NLP's accounts"},
    )
