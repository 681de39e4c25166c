"""The table of revisions: what changed when."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import pytest

from analyzer.protocols.aave_v3.revisions import (
    REVISIONS,
    BadDebt,
    CloseFactor,
    Compound,
    EMode,
    EModeLtv,
    Health,
    LiquidationRounding,
    Rounding,
    Rules,
    VirtualBalance,
    rules_of,
)

CHANGES: dict[int, dict[str, object]] = {
    1: {
        "debt_index_needs_income": False,
        "transfers_scaled": True,
        "fee_shrinks": True,
        "flag_counts_fee": True,
    },
    4: {
        "virtual_balance": VirtualBalance.PER_RESERVE,
        "grace_period": True,
        "factor_change_accrues": True,
        "repayment_clears_flag": True,
    },
    5: {"stable_debt": False, "emode": EMode.BITMAP, "emode_price_source": False},
    7: {
        "close_factor": CloseFactor.OF_TOTAL_DEBT,
        "dust_rule": True,
        "bad_debt": BadDebt.BURNED_BY_VALUE,
        "counts_discounts": True,
    },
    8: {
        "compound": Compound.TAYLOR,
        "virtual_balance": VirtualBalance.ALWAYS,
        "self_liquidation": False,
        "error_texts": False,
        "flash_premium_to_suppliers": False,
        "counts_discounts": False,
    },
    9: {
        "rounding": Rounding.DIRECTED,
        "health": Health.WEIGHTED_SUM,
        "liquidation_rounding": LiquidationRounding.DEBT_UP,
        "liquidation_touches_collateral": True,
        "same_asset_accrues_twice": True,
    },
    10: {
        "collateral_needs_threshold": False,
        "emode_ltv": EModeLtv.UNLESS_LTV_ZERO,
    },
    11: {
        "emode_isolation": True,
        "sentinel": False,
        "liquidation_rounding": LiquidationRounding.AGAINST_LIQUIDATOR,
        "bad_debt": BadDebt.BURNED_BY_SCALED,
        "same_asset_accrues_twice": False,
    },
}
LABELS = ("revision", "release", "executed")


def difference(before: Rules, after: Rules) -> dict[str, object]:
    """The rules that differ."""
    names = [f.name for f in fields(Rules) if f.name not in LABELS]
    return {n: getattr(after, n) for n in names if getattr(before, n) != getattr(after, n)}


def test_each_revision_changes_what_the_specification_says_and_nothing_else() -> None:
    found = {after.revision: difference(before, after) for before, after in pairwise(REVISIONS)}
    assert {revision: changed for revision, changed in found.items() if changed} == CHANGES


def test_the_revisions_that_were_run_are_said_to_be() -> None:
    """Every one: see test_recordings, and the live tests of 10."""
    assert [rules.revision for rules in REVISIONS] == [1, *range(1, 12)]
    assert all(rules.executed for rules in REVISIONS)


def test_one_number_is_three_releases_and_what_is_not_known_is_not_called_run() -> None:
    assert rules_of(1, "3.0.0") is REVISIONS[0]
    assert replace(rules_of(1, "3.0.2"), release="3.0.1") == rules_of(1) == REVISIONS[1]
    assert not rules_of(1, None).executed
    assert rules_of(1, None).known
    assert rules_of(7, "3.0.0") == rules_of(7)


@pytest.mark.parametrize("revision", [0, 12, 99])
def test_a_revision_outside_the_table_is_unknown(revision: int) -> None:
    rules = rules_of(revision)
    assert (rules.revision, rules.known, rules.executed) == (revision, False, False)
