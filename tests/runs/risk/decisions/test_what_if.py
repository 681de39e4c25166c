"""`analyzer risk what-if`: nothing for the present, exact rules for anything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.model.errors import InputError
from analyzer.protocols.aave_v3.value.account import Holding
from analyzer.runs.risk import profile as module
from analyzer.runs.risk.decisions.inputs import decisions_of
from analyzer.runs.risk.decisions.what_if import WhatIfOptions, what_if
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.sql import sql

AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"


@pytest.mark.parametrize("name", [AAVE, PERP])
def test_the_present_parameters_change_nothing(demo_snapshot: Path, name: str) -> None:
    listed = what_if(WhatIfOptions(demo_snapshot, name)).parameters
    assert len(listed) > 8
    same = tuple(f"{one.name}={one.before}" for one in listed)
    document = what_if(WhatIfOptions(demo_snapshot, name, same))
    assert document.changed == ()
    assert document.before == document.after
    assert document.sentences == (
        "Nothing changes: the verdicts, what may be borrowed and the wall are the same.",
    )
    # Not only the totals: every number of every account.
    [scan] = read_books(demo_snapshot, (name,))
    decisions = decisions_of(scan.plug, scan.valued)
    book = decisions.with_parameters({one.name: one.value for one in decisions.parameters()})
    assert scan.plug.margin(scan.plug.value(book, scan.prices)) == scan.plug.margin(scan.valued)


def test_its_own_side_is_the_scans(demo_snapshot: Path) -> None:
    document = what_if(WhatIfOptions(demo_snapshot, AAVE, ("LT:WETH=0.5", "LTV:WETH=0.4")))
    assert document.before is not None
    _, rows = sql(
        demo_snapshot,
        "SELECT verdict, count(*) FROM margin JOIN scans USING (scan_id)"
        f" WHERE deployment = '{AAVE}' GROUP BY verdict",
    )
    assert {k: v for k, v in document.before.verdicts.items() if v} == dict(rows)


def by_hand(scan: ScanBook, threshold_bps: int) -> dict[str, bool]:
    """Health factors below one if WETH counted so much, from balances and prices alone."""
    out = {}
    for account_id in scan.book.account_ids:
        data = scan.valued.valuation.account_data(account_id)
        weighted = sum(
            h.value * (threshold_bps if own_weth(h) else h.threshold_bps) for h in data.holdings
        )
        # The average threshold is a whole number of basis points, rounded down.
        average = weighted // data.collateral_base if data.collateral_base else 0
        backing = (data.collateral_base * average + 5_000) // 10_000
        out[account_id] = backing < data.debt_base
    return out


def own_weth(holding: Holding) -> bool:
    """Whether it is WETH that counts by its own threshold, not by an efficiency mode's."""
    own = holding.threshold_bps == holding.reserve.config.threshold_bps
    return own and holding.reserve.symbol == "WETH"


def test_a_lower_threshold_takes_exactly_those_below_one(demo_snapshot: Path) -> None:
    [scan] = read_books(demo_snapshot, (AAVE,))
    document = what_if(WhatIfOptions(demo_snapshot, AAVE, ("LT:WETH=0.4", "LTV:WETH=0.3")))
    expected, before = by_hand(scan, 4_000), by_hand(scan, 8_250)
    turned = {
        one.account_id for one in document.changed if one.verdict_after == "liquidatable"
    }  # fmt: skip
    assert turned
    assert turned <= {a for a, breach in expected.items() if breach and not before[a]}
    # Who is not told lacks something to close, or was in breach already.
    assert document.after is not None
    assert document.before is not None
    assert document.after.free_e18 < document.before.free_e18


def test_more_margin_for_perps_liquidates_and_less_frees(demo_snapshot: Path) -> None:
    tight = what_if(WhatIfOptions(demo_snapshot, PERP, ("mm=0.2", "im=0.3")))
    loose = what_if(WhatIfOptions(demo_snapshot, PERP, ("mm=0.03",)))
    assert tight.after is not None
    assert tight.before is not None
    assert loose.after is not None
    assert loose.before is not None
    assert tight.after.verdicts["liquidatable"] > tight.before.verdicts["liquidatable"]
    assert loose.after.verdicts["liquidatable"] < loose.before.verdicts["liquidatable"]
    assert {one.verdict_before for one in loose.changed} == {"liquidatable"}


def test_two_class_figures_stand_beside_it_where_prices_are_given(
    demo_snapshot: Path, prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DRAWS", 200)
    given = WhatIfOptions(
        demo_snapshot, PERP, ("mm=0.2", "im=0.3"), prices, ("USDC", "DAI", "EURC")
    )
    document = what_if(given)
    assert document.before is not None
    assert document.after is not None
    for name, closed in document.before.liquidations_usd.items():
        assert document.after.liquidations_usd[name] > closed > 0
    again = what_if(replace(given, sets=("mm=0.0625",)))
    assert again.before == again.after


@pytest.mark.parametrize(
    ("name", "sets", "words"),
    [
        (AAVE, ("LT:DOGE=0.5",), "no parameter 'LT:DOGE'"),
        (AAVE, ("LT:WETH",), "NAME=VALUE"),
        (AAVE, ("LT:WETH=1.5",), "from 0 to 1"),
        (AAVE, ("LT:WETH=0.80001",), "at most 4 decimals"),
        (AAVE, ("LT:WETH=abc",), "ratio"),
        (AAVE, ("LT:WETH=0.5",), "would refuse it: WETH: an LTV"),
        (AAVE, ("LT:WETH=0.97",), "could not be paid"),
        (AAVE, ("bonus:WETH=0",), "needs a bonus above 0"),
        (PERP, ("mm=-0.1",), "from 0 to 1"),
        (PERP, ("mm=0.1", "MM=0.2"), "names mm twice"),
        ("nobody", (), "no deployment 'nobody'"),
    ],
)
def test_wrong_input_is_one_line(
    demo_snapshot: Path, name: str, sets: tuple[str, ...], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        what_if(WhatIfOptions(demo_snapshot, name, sets))
    assert "\n" not in str(caught.value)
