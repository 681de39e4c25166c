from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow
from analyzer.model.verdict import Verdict
from analyzer.solvency.verdicts import (
    decimal_text,
    headroom_e18,
    judge_account,
    judge_accounts,
    within_bounds,
)

AMOUNT = st.integers(-(10**24), 10**24)


def row(
    equity: int,
    *,
    margin_equity: int | None = None,
    initial: int = 10,
    maintenance: int = 5,
    liquidatable: bool = False,
    closable: bool = True,
    note: str = "",
) -> MarginRow:
    """A known account, in whole units."""
    own = (equity if margin_equity is None else margin_equity) * WAD
    return MarginRow(
        "0x1", "0x1", equity * WAD, own, initial * WAD, maintenance * WAD, own - initial * WAD,
        liquidatable, closable, note=note,
    )  # fmt: skip


UNKNOWN = MarginRow(
    "0x2", "0x2", None, None, None, None, None, None, None, unknown_reason="the feed reverted"
)

CASES = [
    (UNKNOWN, Verdict.UNKNOWN, "the feed reverted"),
    (
        row(-3, liquidatable=True),
        Verdict.INSOLVENT,
        "equity -3 is below zero; margin equity -3 - maintenance margin 5 = -8",
    ),
    (
        row(-1, margin_equity=20),
        Verdict.INSOLVENT,
        "equity -1 is below zero; margin equity 20 - maintenance margin 5 = 15",
    ),
    (
        row(4, liquidatable=True),
        Verdict.LIQUIDATABLE,
        "the protocol's own test says liquidatable: margin equity 4 - maintenance margin 5 = -1",
    ),
    (
        row(4, liquidatable=True, closable=False),
        Verdict.BELOW_INITIAL,
        "free collateral -6 (initial margin 10) is below zero;"
        " margin equity 4 - maintenance margin 5 = -1;"
        " the protocol's test says liquidatable, and there is nothing to close",
    ),
    (
        row(7),
        Verdict.BELOW_INITIAL,
        "free collateral -3 (initial margin 10) is below zero;"
        " margin equity 7 - maintenance margin 5 = 2",
    ),
    (
        row(4, initial=2, note="rounded in the account's favour"),
        Verdict.HEALTHY,
        "margin equity 4 - maintenance margin 5 = -1; free collateral 2 (initial margin 2);"
        " rounded in the account's favour",
    ),
    (
        row(10),
        Verdict.HEALTHY,
        "margin equity 10 - maintenance margin 5 = 5; free collateral 0 (initial margin 10)",
    ),
]


@pytest.mark.parametrize(("account", "verdict", "reason"), CASES)
def test_the_first_verdict_that_applies_is_given_with_its_numbers(
    account: MarginRow, verdict: Verdict, reason: str
) -> None:
    judged = judge_account(account)
    assert (judged.margin, judged.verdict, judged.reason, judged.verified) == (
        account,
        verdict,
        reason,
        None,
    )


def test_accounts_stay_in_their_order() -> None:
    rows = [account for account, _, _ in CASES]
    assert [judged.margin for judged in judge_accounts(rows)] == rows


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT, st.booleans(), st.booleans())
def test_an_account_with_negative_equity_is_never_called_better_than_insolvent(
    equity: int, own: int, initial: int, maintenance: int, liquidatable: bool, closable: bool
) -> None:
    account = MarginRow(
        "0x1", "0x1", equity, own, initial, maintenance, own - initial, liquidatable, closable
    )
    verdict = judge_account(account).verdict
    assert (verdict is Verdict.INSOLVENT) == (equity < 0)
    if verdict is Verdict.HEALTHY:
        assert own >= initial
        assert not (liquidatable and closable)
    assert headroom_e18(account) == own - maintenance


@pytest.mark.parametrize(
    "broken",
    [
        replace(row(7), free_collateral_e18=-2 * WAD),
        replace(row(7), equity_e18=None),
        replace(row(7), maintenance_margin_e18=None),
        replace(row(7), liquidatable=None),
        replace(row(7), closable=None),
        replace(UNKNOWN, equity_e18=0),
        replace(UNKNOWN, liquidatable=False),
        replace(UNKNOWN, unknown_reason=None),
    ],
)
def test_a_row_that_breaks_an_identity_is_a_fault_and_no_verdict(broken: MarginRow) -> None:
    with pytest.raises(ValueError, match=r"account 0x\d"):
        judge_account(broken)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "0.000000000000000001"),
        (-1, "-0.000000000000000001"),
        (WAD, "1"),
        (-15 * 10**17, "-1.5"),
        (10**30, "1000000000000"),
        (None, "unknown"),
    ],
)
def test_amounts_are_written_exactly(value: int | None, text: str) -> None:
    assert decimal_text(value) == text


COLUMNS = {
    "equity_e18": "equity",
    "margin_equity_e18": "margin equity",
    "initial_margin_e18": "initial margin",
    "maintenance_margin_e18": "maintenance margin",
    "free_collateral_e18": "free collateral",
    "settled_equity_e18": "settled equity",
}


@pytest.mark.parametrize(("column", "name"), COLUMNS.items())
@pytest.mark.parametrize("sign", [1, -1])
def test_an_amount_of_more_than_2_to_the_223_makes_its_account_unknown(
    column: str, name: str, sign: int
) -> None:
    at_the_bound = replace(row(1), **{column: sign * 2**223})
    beyond = replace(row(1), owner="0x7", **{column: sign * (2**223 + 1)})
    kept, unknown = within_bounds([at_the_bound, beyond])
    assert kept == at_the_bound
    assert (unknown.account_id, unknown.owner, unknown.equity_e18) == ("0x1", "0x7", None)
    assert unknown.unknown_reason == (
        f"{name} of more than 1e49 units: a price or a balance is absurd"
    )
