"""The order in which Derive V2 absorbs a loss, with what each layer can bear at this block.

Source: v2-core `DutchAuction._bidOnInsolventAuction`, `SecurityModule.requestPayout`,
`CashAsset.socializeLoss`.
"""

from __future__ import annotations

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.cash import (
    exchange_rate,
    security_module_cash,
    withdraw_blocked,
)
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt


def backstops(valued: DeriveValued) -> list[BackstopRow]:
    """The loss waterfall of the book."""
    return waterfall(valued.state)


def waterfall(state: DeriveState) -> list[BackstopRow]:
    """The loss waterfall of an insolvent auction, first layer first; 18 decimals of cash.

    One cash asset is shared by all managers: the last layer is everybody's, and so is the freeze
    of withdrawals. All layers are cash: no price matters.
    """
    cash = state.cash
    rate = attempt(lambda: exchange_rate(cash))
    rate_text = f"not read ({rate.reason})" if isinstance(rate, Unreadable) else str(rate)
    blocked = attempt(lambda: withdraw_blocked(state))
    frozen = f"reverts {blocked.reason}" if isinstance(blocked, Unreadable) else str(blocked)
    fee = "on" if cash.withdraw_fee_enabled else "off"
    return [
        BackstopRow(
            1,
            "security module",
            str(state.security_account),
            max(0, security_module_cash(state)),
            False,
            "pays the bidder of an insolvent auction first, up to all its cash; while open"
            f" insolvent auctions owe more than it holds ({state.auction_house.total_insolvent_mm}"
            f" owed), every withdrawal reverts (blocked now: {frozen})",
        ),
        BackstopRow(
            2,
            "accrued interest fees",
            None,
            cash.accrued_sm_fees,
            False,
            "the fees not yet paid to the security module are written off against the loss; the"
            " whole loss is minted to the bidder all the same",
            BackstopKind.TREASURY,
        ),
        BackstopRow(
            3,
            "socialised loss",
            None,
            None,
            True,
            "the rest is printed; when the stable coin no longer backs all cash, withdrawals by"
            " anyone burn cash at the exchange rate and all interest becomes fee"
            f" (exchange rate now {rate_text}, fee {fee})",
            BackstopKind.SOCIALISED,
        ),
    ]
