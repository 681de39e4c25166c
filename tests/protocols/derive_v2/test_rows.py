"""Rows beside margin: totals that hold, unknown accounts by cause, contagion cautions."""

from __future__ import annotations

from pathlib import Path

import pytest
from derive_recording import LABELS, recorded
from derive_scan import rebuilt, scanned

from analyzer.model.errors import UnreadError
from analyzer.model.reads import Answer, NotRead, ReadRequest
from analyzer.model.verdict import Verdict
from analyzer.protocols.base import Caution

VERDICTS = {
    "A": (0, 0, 0, 0, 125),
    "B": (0, 0, 0, 9, 116),
    "C": (0, 0, 0, 86, 39),
    "D": (0, 0, 1, 10, 114),
    "E": (0, 0, 1, 10, 114),
    "F": (6, 0, 1, 10, 108),
    "G": (0, 21, 29, 8, 67),
    "H": (0, 21, 29, 8, 67),
    "I": (0, 21, 25, 12, 67),
    "J": (0, 13, 25, 12, 75),
    "K": (0, 4, 25, 9, 87),
    "M": (0, 13, 22, 14, 76),
    "N": (0, 13, 18, 17, 77),
    "L": (115, 0, 0, 0, 10),
}
"""Unknown, insolvent, liquidatable, below initial and healthy accounts of each pin; accounts in
auction are counted under their verdict."""


def cautions(shared: Path, label: str, kind: str) -> list[Caution]:
    """The cautions of that kind at a pin."""
    return [caution for caution in scanned(shared, label).cautions if caution.kind == kind]


@pytest.mark.parametrize("label", LABELS)
def test_every_control_total_holds_and_verdicts_are_the_recorded_ones(
    shared: Path, label: str
) -> None:
    result = scanned(shared, label)
    assert [total for total in result.details.totals if total.holds is not True] == []
    assert len(result.details.totals) >= 14
    verdicts = [row.verdict for row in result.margin]
    assert tuple(verdicts.count(verdict) for verdict in Verdict) == VERDICTS[label]


def test_expired_options_that_nobody_settled_name_the_feed_that_went_stale(shared: Path) -> None:
    found = cautions(shared, "F", "stale_oracle")
    assert sum(caution.amounts["unknown_accounts_count"] for caution in found) == 6
    assert {caution.evidence["revert"] for caution in found} == {"BLF_DataTooOld"}
    unknown = {r.margin.account_id for r in scanned(shared, "F").margin if r.verdict == "unknown"}
    assert unknown == {"44", "72", "82", "85", "120", "123"}


def test_insolvent_auctions_above_the_insurance_block_everybodys_withdrawals(shared: Path) -> None:
    (caution,) = cautions(shared, "H", "withdrawals_blocked")
    assert caution.evidence["revert"] == "CA_WithdrawBlockedByOngoingAuction"
    assert caution.amounts["insolvent_auctions_count"] == 8
    assert caution.amounts["frozen_accounts_count"] > 50
    assert cautions(shared, "G", "withdrawals_blocked") == []


def test_a_socialised_loss_is_told_with_its_exchange_rate(shared: Path) -> None:
    (caution,) = cautions(shared, "J", "socialised_loss")
    assert caution.amounts == {
        "exchange_rate_e18": 996882820759050588,
        "unbacked_cash_e18": 117361154548490148085890,
    }
    assert cautions(shared, "K", "socialised_loss") == []


def test_a_disabled_perp_is_told_and_its_auctions_are_blocked(shared: Path) -> None:
    (market,) = cautions(shared, "N", "paused_market")
    assert market.text.startswith("BTC_Perp is disabled")
    statuses = [row.margin.status for row in scanned(shared, "N").margin]
    blocked = cautions(shared, "N", "liquidation_reverts")
    assert len(blocked) == statuses.count("blocked") > 0


def test_what_was_not_recorded_makes_accounts_unknown_and_not_zero(shared: Path) -> None:
    recording = recorded(shared)
    feed = recording.deployment.contracts["ETH_SpotFeed"].lower()

    def forget(request: ReadRequest, answer: Answer) -> Answer:
        return NotRead("not recorded") if request.to.lower() == feed else answer

    rows = rebuilt(shared, "A", forget).result.margin
    unknown = [row.margin for row in rows if row.verdict is Verdict.UNKNOWN]
    assert len(unknown) > 50
    assert {row.unknown_reason for row in unknown} == {
        "not recorded: SpotFeed.heartbeat(ETH_SpotFeed)"
    }


def test_a_block_whose_cash_was_not_recorded_is_unread(shared: Path) -> None:
    def forget(request: ReadRequest, answer: Answer) -> Answer:
        del request, answer
        return NotRead("not in the recording")

    with pytest.raises(UnreadError, match="not in the recording"):
        rebuilt(shared, "A", forget)
