"""`analyzer risk unwind` on the demo: the smallest that restores, at the least cost there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.documents.decisions import ReductionEntry, UnwindDocument
from analyzer.model.errors import InputError
from analyzer.protocols.decisions import Reduction
from analyzer.runs.risk.decisions.inputs import decisions_of
from analyzer.runs.risk.decisions.schedule import Over
from analyzer.runs.risk.decisions.unwind import UnwindOptions, unwind
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"


@pytest.fixture(scope="module")
def scans(demo_snapshot: Path) -> dict[str, ScanBook]:
    return {scan.deployment.name: scan for scan in read_books(demo_snapshot, (AAVE, PERP))}


def in_breach(scan: ScanBook) -> list[str]:
    """Accounts that may be liquidated and are not insolvent."""
    return [
        row.account_id
        for row in scan.plug.margin(scan.valued)
        if row.liquidatable and row.closable and (row.equity_e18 or 0) > 0
    ]


@pytest.fixture(scope="module")
def plans(demo_snapshot: Path, scans: dict[str, ScanBook]) -> dict[str, list[UnwindDocument]]:
    return {
        name: [
            unwind(UnwindOptions(demo_snapshot, f"{name}/{account}"))
            for account in in_breach(scan)[:4]
        ]
        for name, scan in scans.items()
    }


def way(scan: ScanBook, account: str, entry: ReductionEntry) -> Reduction:
    return next(
        one
        for one in decisions_of(scan.plug, scan.valued).reductions(account)
        if (one.asset_id, one.debt_symbol) == (entry.asset_id, entry.debt_symbol)
    )


@pytest.mark.parametrize("name", [AAVE, PERP])
def test_a_single_way_is_the_smallest_that_passes(
    plans: dict[str, list[UnwindDocument]], scans: dict[str, ScanBook], name: str
) -> None:
    scan, seen = scans[name], 0
    for document in plans[name]:
        account = document.run.id
        for entry in document.alone:
            if entry.amount is None or entry.received_e18 is None:
                continue
            decisions = decisions_of(scan.plug, scan.valued)
            found = way(scan, account, entry)
            for less, breach in ((0, False), (max(entry.amount // 1_000, 1), True)):
                amount = entry.amount - less
                received = entry.received_e18 * amount // entry.amount
                book = decisions.reduced(account, found, amount, received)
                [row] = scan.plug.margin(scan.plug.value(book, scan.prices))
                assert row.liquidatable is breach
            seen += 1
    assert seen or name == PERP


@pytest.mark.parametrize("name", [AAVE, PERP])
def test_the_plan_costs_no_more_than_the_cheapest_way_and_restores(
    plans: dict[str, list[UnwindDocument]], name: str
) -> None:
    assert plans[name]
    for document in plans[name]:
        alone = [one.cost_usd for one in document.alone if one.cost_usd is not None]
        if document.restored:
            assert document.cost_usd <= min(alone, default=float("inf")) + 1e-9
            assert document.headroom_after_e18 is not None
        else:
            assert "does not hold" in document.sentences[-2] + document.sentences[-1]
        assert document.plan
        assert document.liquidation_penalty_e18 is None or document.liquidation_penalty_e18 > 0
    assert any(document.restored for document in plans[name])


def test_initial_margin_takes_more_than_maintenance(
    demo_snapshot: Path, plans: dict[str, list[UnwindDocument]]
) -> None:
    lower = next(document for document in plans[AAVE] if document.restored)
    higher = unwind(UnwindOptions(demo_snapshot, f"{AAVE}/{lower.run.id}", until="initial"))
    assert higher.restored
    assert higher.free_after_e18 is not None
    assert higher.free_after_e18 >= 0
    assert sum(one.value_usd or 0 for one in higher.plan) > sum(
        one.value_usd or 0 for one in lower.plan
    )


def test_a_healthy_account_has_nothing_to_do(
    demo_snapshot: Path, scans: dict[str, ScanBook]
) -> None:
    healthy = next(
        row.account_id
        for row in scans[AAVE].plug.margin(scans[AAVE].valued)
        if row.liquidatable is False and row.maintenance_margin_e18
    )
    document = unwind(UnwindOptions(demo_snapshot, f"{AAVE}/{healthy}"))
    assert (document.holds_already, document.plan, document.cost_usd) == (True, (), 0)
    assert "nothing has to go" in document.sentences[0]


def test_over_time_it_fetches_more_on_average_and_not_for_certain(
    demo_snapshot: Path, prices: Path, plans: dict[str, list[UnwindDocument]]
) -> None:
    account = next(one.run.id for one in plans[AAVE] if one.restored)
    slow = unwind(
        UnwindOptions(demo_snapshot, f"{AAVE}/{account}", over=Over(1.0, prices, aversion=0.0))
    )
    fast = unwind(
        UnwindOptions(demo_snapshot, f"{AAVE}/{account}", over=Over(1.0, prices, aversion=1.0))
    )
    assert slow.schedules or slow.no_number
    for even, quick in zip(slow.schedules, fast.schedules, strict=True):
        assert even.recovery_usd >= even.at_once_usd - 1e-6
        assert even.sd_usd > quick.sd_usd
        assert even.left[-1] == 0
        assert all(a >= b for a, b in zip(even.left, quick.left, strict=True))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"until": "never"}, "--until"),
        ({"over": Over(1.0, None)}, "give --returns"),
        ({"over": Over(-1.0, Path("prices.csv"))}, "days above 0"),
        ({"depth": Path("nowhere.toml")}, "nowhere"),
        ({"account": "nobody"}, "no account"),
    ],
)
def test_wrong_input_is_one_line(
    demo_snapshot: Path, scans: dict[str, ScanBook], changed: dict[str, object], words: str
) -> None:
    given = {"db": demo_snapshot, "account": f"{AAVE}/{in_breach(scans[AAVE])[0]}", **changed}
    with pytest.raises(InputError, match=words) as caught:
        unwind(UnwindOptions(**given))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_the_command_in_every_form(
    demo_snapshot: Path, scans: dict[str, ScanBook], form: str
) -> None:
    account = f"{PERP}/{in_breach(scans[PERP])[0]}"
    words = ["risk", "unwind", account, "--db", str(demo_snapshot), "--format", form]
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 0, found.output
    assert "own pool" in found.stdout
