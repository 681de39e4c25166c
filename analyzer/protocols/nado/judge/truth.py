"""The judges: the contracts' own views, and what the rebuild says that each of them answers.

Asked only to compare: the rebuild reads slots, and a recording without a single view gives the same
numbers. The dry run of a liquidation needs no rights: it always reverts, with `G 1` where the
liquidation would go through, else with the contract's own reason. Source: views of
nadohq/nado-contracts 1.1.0; spec sections 17 and 21.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Judge
from analyzer.protocols.kit.judging import judge_selectors
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.deployments import ABI_FOLDER
from analyzer.protocols.nado.judge.dry_runs import dry_runs
from analyzer.protocols.nado.judge.judges_account import account_judges
from analyzer.protocols.nado.judge.judges_shared import shared_judges
from analyzer.protocols.nado.value.value import NadoValued

JUDGES: dict[str, tuple[str, ...]] = {
    "Clearinghouse": ("getHealth", "getInsurance", "getSpreads"),
    "SpotEngine": (
        "assertUtilization",
        "getBalance",
        "getConfig",
        "getCoreRisk",
        "getHealthContribution",
        "getNlpUnlockedBalance",
        "getProductIds",
        "getRisk",
        "getStateAndBalance",
    ),
    "PerpEngine": (
        "balances",
        "getBalance",
        "getCoreRisk",
        "getHealthContribution",
        "getPositionPnl",
        "getProductIds",
        "getRisk",
        "getSettlementState",
        "getStateAndBalance",
        "states",
    ),
    "OffchainExchange": (
        "getIsolatedSubaccounts",
        "getMarketInfo",
        "getParentSubaccount",
        "getSizeIncrement",
        "isIsolatedSubaccountActive",
    ),
    "Endpoint": (
        "getPriceX18",
        "getSubaccountId",
        "getTime",
        "submitTransactionsCheckedWithGasLimit",
    ),
}
"""Contract -> every view that computes or holds what the rebuild computes: none of them is asked
but to compare, and the list is wider than what `truth` asks."""

JUDGE_SELECTORS = judge_selectors(ABI_FOLDER, JUDGES)
"""Selectors (0x, lower case) of every judge: the rebuild uses none of them."""


def truth(
    valued: NadoValued, margin: Sequence[MarginRow], account_ids: Sequence[str]
) -> list[Judge]:
    """Questions about the venue and each account of `account_ids`.

    A known account's row of margin is compared as it was written. An account that is not known is
    asked nothing. Raises: KeyError for an account that the state does not hold.
    """
    rows = {row.account_id: row for row in margin}
    out = list(shared_judges(valued))
    for account_id in account_ids:
        if isinstance(valued.valuation.numbers(account_id), Unreadable):
            continue
        out += account_judges(valued, account_id, rows.get(account_id))
        out += dry_runs(valued, account_id)
    return out
