"""Every pin of the recording, every account: the contracts' own answers, to the wei."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from nado_recording import Recorded, recorded

from analyzer.findings.proof import doubts
from analyzer.findings.summary import Answer, summarize
from analyzer.model.rows import NOT_BORROWABLE
from analyzer.protocols.nado.account_ids import N
from analyzer.protocols.nado.value.liquidation.call import Call
from analyzer.protocols.nado.value.liquidation.steps import largest, refusal

LABELS = [
    "calm",
    "active",
    "funding",
    "spread",
    "warning",
    "stressed",
    "mid_liquidation",
    "insurance",
    "second_leg",
    "socialised_perp",
    "depeg",
    "socialised_spot",
    "rally",
    "mid_liabilities",
    "socialised_base",
    "risk_change",
    "settled",
    "after",
]
LEAST_COMPARED = 5_000
"""Numbers that are compared at one pin, without those that only confirm a slot."""


@pytest.fixture(scope="module")
def venue(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


@pytest.mark.parametrize("label", LABELS)
def test_every_view_of_every_account_is_what_the_rebuild_says(venue: Recorded, label: str) -> None:
    result = venue.scanned(label)
    assert (result.mismatches, result.not_compared) == ([], [])
    computed = Counter(c.field for c in result.checks if not c.field.startswith("stored"))
    assert computed.total() >= LEAST_COMPARED
    assert {c.account_id for c in result.checks} >= {row["account"] for row in venue.truth(label)}


@pytest.mark.parametrize("label", LABELS)
def test_every_control_total_holds_and_proves_the_venue_whole(venue: Recorded, label: str) -> None:
    result = venue.scanned(label)
    assert [total.name for total in result.details.totals if not total.holds] == []
    assert doubts(result) == ()
    assert summarize(result).answer is not Answer.NOT_PROVEN


@pytest.mark.parametrize("label", LABELS)
def test_healths_verdicts_and_bad_debt_are_those_of_the_recordings_own_file(
    venue: Recorded, label: str
) -> None:
    result, debt = venue.scanned(label), 0
    rows = {row.margin.account_id: row for row in (*result.margin, *result.own)}
    own = {row.margin.account_id for row in result.own}
    for said in venue.truth(label):
        row = rows[said["account"]].margin
        healths = [int(said[f"health_{kind}"]) for kind in ("initial", "maintenance", "pnl")]
        assert row.margin_equity_e18 is not None
        assert row.initial_margin_e18 is not None
        assert row.maintenance_margin_e18 is not None
        equity = row.margin_equity_e18
        found = [equity - row.initial_margin_e18, equity - row.maintenance_margin_e18, equity]
        assert found == healths
        assert row.liquidatable == said["liquidatable"]
        assert not row.liquidatable or row.closable
        assert row.free_collateral_e18 == healths[0]
        assert (NOT_BORROWABLE in row.note) == (min(healths) < -(10**35))
        assert (row.account_id in own) == (said["kind"] in ("system", "nlp_pool"))
        debt -= 0 if row.account_id in own else min(equity, 0)
    assert summarize(result).debt.at_prices_e18 == debt


@pytest.mark.parametrize("label", LABELS)
def test_dry_runs_pass_or_are_refused_for_the_recorded_reason(venue: Recorded, label: str) -> None:
    valuation, bounds = venue.valued(label).valuation, 0
    for said in venue.truth(label):
        for tried in said["liquidation_dry_run"]:
            call = Call(
                N,
                said["account"],
                tried["productId"],
                tried["isEncodedSpread"],
                int(tried["amount"]),
            )
            assert (refusal(valuation, call) or "ok") == tried["result"], tried
            if tried.get("bound") == "max":
                step = largest(valuation, call)
                assert step is not None
                assert step.call.amount == call.amount
                bounds += 1
    assert bounds > 0 or label != "stressed"
