"""Facts about the scan as a whole that detectors turn into findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Caution
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.cash import exchange_rate, shortfall, withdraw_blocked
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt

WITHDRAW_BLOCKED_REVERT = "CA_WithdrawBlockedByOngoingAuction"


def cautions(valued: DeriveValued, margin: Sequence[MarginRow]) -> list[Caution]:
    """Accounts that changed their manager, feeds that make accounts unknown, auctions that cannot
    start or be bid, disabled perps, and what insolvencies do to everybody's cash; in this order."""
    state = valued.state
    return [
        *_moved_accounts(state),
        *_bad_feeds(valued.valuation, margin),
        *_blocked(margin),
        *_disabled_perps(state),
        *_withdrawals(state),
        *_socialised(state),
    ]


def _moved_accounts(state: DeriveState) -> Iterator[Caution]:
    """Accounts that changed their manager: folded by the source alone, no recording has one."""
    moved = [] if state.evidence is None else state.evidence.ledger.manager_changes
    if moved:
        yield Caution(
            kind="revision_not_run",
            account_id=None,
            market_id="SubAccounts",
            text=f"{len(set(moved))} accounts changed their manager: what a change does was read in"
            " the source and never run against contracts",
            amounts={"accounts_count": len(set(moved))},
            evidence={"accounts": ", ".join(map(str, moved[:20]))},
        )


def _bad_feeds(valuation: Valuation, margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """One for every source that accounts are unknown for, with how many it hides."""
    hidden: dict[tuple[str, str], list[str]] = {}
    for row in margin:
        if row.unknown_reason is None:
            continue
        number = int(row.account_id)
        problem = valuation.state.unreadable.get(number) or valuation.numbers(number).problem
        if problem is not None:
            hidden.setdefault((problem.what, problem.reason), []).append(row.account_id)
    for (what, reason), accounts in hidden.items():
        count = len(accounts)
        yield Caution(
            kind="stale_oracle" if reason.endswith("DataTooOld") else "invalid_oracle",
            account_id=None,
            market_id=what,
            text=f"{what} refuses ({reason}): {count} account{'s are' if count > 1 else ' is'}"
            " unknown",
            amounts={"unknown_accounts_count": count},
            evidence={"revert": reason, "accounts": ", ".join(accounts[:20])},
        )


def _blocked(margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """Accounts below maintenance whose auction cannot start, or whose live auction cannot be
    bid."""
    for row in margin:
        if row.status != "blocked":
            continue
        amounts = {
            "margin_equity_e18": row.margin_equity_e18,
            "maintenance_margin_e18": row.maintenance_margin_e18,
        }
        yield Caution(
            kind="liquidation_reverts",
            account_id=row.account_id,
            market_id=None,
            text=f"Account {row.account_id} cannot be liquidated: {row.note}",
            amounts={name: value for name, value in amounts.items() if value is not None},
            evidence={"note": row.note},
        )


def _disabled_perps(state: DeriveState) -> Iterator[Caution]:
    """A disabled perp that somebody still holds."""
    for address, perp in state.perps.items():
        if not perp.disabled:
            continue
        holders = [
            account.number
            for account in state.accounts.values()
            if any(held.asset == address for held in account.balances)
        ]
        if holders:
            yield Caution(
                kind="paused_market",
                account_id=None,
                market_id=address,
                text=f"{perp.symbol} is disabled at a frozen price with {len(holders)} open"
                " positions: the next settlement of each deletes it",
                amounts={
                    "positions_count": len(holders),
                    "frozen_price_e18": perp.frozen_price,
                },
                evidence={"source": "PerpAsset.Disabled"},
            )


def _withdrawals(state: DeriveState) -> Iterator[Caution]:
    """Everybody's withdrawals are blocked while insolvent auctions owe more than the security
    module holds: the cash is one for all managers."""
    if attempt(lambda: withdraw_blocked(state)) is not True:
        return
    in_auction = {
        number
        for number, auction in state.auction_house.auctions.items()
        if auction.ongoing and auction.insolvent
    }
    frozen = [
        account
        for account in state.accounts.values()
        if account.number not in in_auction and account.cash(state.cash.address) > 0
    ]
    yield Caution(
        kind="withdrawals_blocked",
        account_id=None,
        market_id="CashAsset",
        text=f"Withdrawals of all accounts revert: {len(in_auction)} insolvent auctions owe more"
        " than the security module holds",
        amounts={
            "insolvent_auctions_count": len(in_auction),
            "insolvent_margin_e18": state.auction_house.total_insolvent_mm,
            "frozen_accounts_count": len(frozen),
            "frozen_cash_e18": sum(account.cash(state.cash.address) for account in frozen),
        },
        evidence={
            "revert": WITHDRAW_BLOCKED_REVERT,
            "auctions": ", ".join(str(number) for number in sorted(in_auction)),
        },
    )


def _socialised(state: DeriveState) -> Iterator[Caution]:
    """Cash that nothing backs: every withdrawal pays the loss."""
    if not state.cash.withdraw_fee_enabled:
        return
    rate = attempt(lambda: exchange_rate(state.cash))
    hole = attempt(lambda: shortfall(state.cash))
    amounts = {}
    if not isinstance(rate, Unreadable):
        amounts["exchange_rate_e18"] = rate
    if not isinstance(hole, Unreadable):
        amounts["unbacked_cash_e18"] = hole
    yield Caution(
        kind="socialised_loss",
        account_id=None,
        market_id="CashAsset",
        text="A loss is socialised: a withdrawal of USDC burns more cash than it pays",
        amounts=amounts,
        evidence={"source": "CashAsset.temporaryWithdrawFeeEnabled"},
    )
