"""Stress over the demo: its rows, what may be shocked, and wrong input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demo_stress import SHOCK, rows, silent
from document_schemas import validate

from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode, InputError
from analyzer.report.stress import stress_page
from analyzer.report.table import table
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.stress.contagion import ContagionOptions, contagion
from analyzer.runs.stress.stress import StressOptions, stress


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


def test_stress_says_one_row_a_scenario_and_deployment(demo_snapshot: Path) -> None:
    options = StressOptions(
        db=demo_snapshot, shocks=("ETH=-10%", "ETH=-20%"), deployments=("perp-v2-devnet-7",)
    )
    outcome = stress(options, silent)
    results = [r for s in to_json(outcome.document)["scenarios"] for r in s["results"]]
    assert [(r["scenario"], r["deployment"], r["shock"]) for r in results] == [
        ("ETH -10 %", "perp-v2-devnet-7", 0.9),
        ("ETH -20 %", "perp-v2-devnet-7", 0.8),
    ]
    gentle, hard = results
    assert int(gentle["bad_debt_static_e18"]) < int(hard["bad_debt_static_e18"])
    validate(to_json(outcome.document))


def test_at_the_blocks_prices_the_static_columns_are_those_of_the_scan(
    demo_snapshot: Path, scans: list[ScanBook]
) -> None:
    outcome = stress(
        StressOptions(db=demo_snapshot, shocks=("@volatility=x2",), fail_on="never"), silent
    )
    (scenario,) = to_json(outcome.document)["scenarios"]
    stored = dict(rows(demo_snapshot, "SELECT deployment, hidden_bad_debt_e18 FROM scans"))
    below = dict(
        rows(
            demo_snapshot,
            "SELECT deployment, count(*) FILTER (WHERE free_collateral_e18 < 0) FROM margin"
            " JOIN scans USING (scan_id) GROUP BY 1",
        )
    )
    for result in scenario["results"]:
        assert int(result["bad_debt_static_e18"]) == stored[result["deployment"]]
        assert result["below_initial"] == below[result["deployment"]]
    assert outcome.findings == []
    assert outcome.exit_code is ExitCode.CLEAN
    assert scenario["moves_nothing"]
    text = table(stress_page(outcome.document))
    assert "No effect" in text
    assert "@volatility +100 %: no price of these books changes" in text
    for found, plain in zip(
        scenario["results"], to_json(outcome.document)["baseline"]["results"], strict=True
    ):
        assert {**found, "scenario": ""} == {**plain, "scenario": "", "shock": found["shock"]}


def test_a_shock_may_name_a_factor_by_the_symbols_of_the_tables(demo_snapshot: Path) -> None:
    def run(shock: str) -> dict[str, Any]:
        options = StressOptions(db=demo_snapshot, shocks=(shock,), fail_on="never")
        return to_json(stress(options, silent).document)

    plain = run("ETH=-30%,BTC=-20%")["scenarios"]
    for shock in ("WETH=-30%,wbtc=-20%", "weth=-30%,btc=-20%"):
        assert run(shock)["scenarios"] == plain
    assert plain[0]["name"] == "ETH -30 %, BTC -20 %"
    assert not plain[0]["moves_nothing"]


@pytest.mark.parametrize("shock", ["DOGE=-30%", "ETH=-30%,DOGE=-30%", "ETH:vol=x2", "eth/usd=-1%"])
def test_a_shock_of_what_nobody_holds_is_wrong_input_with_what_is_held(
    demo_snapshot: Path, shock: str
) -> None:
    asked = StressOptions(db=demo_snapshot, shocks=(shock,))
    for run in (
        lambda: stress(asked, silent),
        lambda: contagion(ContagionOptions(asked, what_if=0), silent),
    ):
        with pytest.raises(InputError, match=r"no book holds .* \(held: BTC, DAI, ETH, ") as caught:
            run()
        assert "\n" not in str(caught.value)


def test_two_names_of_one_factor_are_wrong_input(demo_snapshot: Path) -> None:
    asked = StressOptions(db=demo_snapshot, shocks=("ETH=-30%,WETH=-20%",))
    with pytest.raises(InputError, match="names one factor twice: ETH, WETH are ETH"):
        stress(asked, silent)


def test_what_files_name_and_nobody_holds_is_said(demo_snapshot: Path, tmp_path: Path) -> None:
    own, depth = tmp_path / "own.toml", tmp_path / "depth.toml"
    own.write_text(
        'title = "t"\nsource = "s"\nstale = ["PEPE"]\ndefault_owners = ["0xdead"]\n'
        '[[step]]\nshocks = {WETH = "-50%", DOGE = "x2"}\nprices = {"0xbeef" = 1}\n'
    )
    depth.write_text('[WETH]\nkind = "none"\n[DOGE]\nkind = "none"\n[ETH]\nkind = "none"\n')
    asked = StressOptions(
        db=demo_snapshot, scenarios=(str(own),), depth=depth, fail_on="never"
    )  # fmt: skip
    outcome = stress(asked, silent)
    document = to_json(outcome.document)
    named = ["DOGE", "PEPE", "WETH (here ETH)", "owner 0xdead", "price of 0xbeef"]
    assert document["scenarios"][0]["not_held"] == named
    assert document["run"]["depth_not_held"] == ["DOGE", "WETH (here ETH)"]
    text = " ".join(table(stress_page(outcome.document), width=300).split())
    assert f"Not held {', '.join(named)}: named by the scenario, and no book holds it" in text
    assert "Not used no book holds DOGE, WETH (here ETH), which the depth file names" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shocks": ("ETH",)}, "a shock is FACTOR=MOVE"),
        ({"scenarios": ("nothing-like-it",)}, "nothing-like-it"),
        ({"shocks": (SHOCK, SHOCK)}, "two scenarios are named"),
        ({"shocks": (SHOCK,), "order": "random"}, "'random' is no order"),
        ({"shocks": (SHOCK,), "deployments": ("till",)}, "holds no deployment 'till'"),
        ({"shocks": (SHOCK,), "fail_on": "often"}, "'often' is no severity"),
        ({"shocks": (SHOCK,), "depth": Path("none.toml")}, "none.toml"),
    ],
)
def test_wrong_input_is_one_line_and_writes_nothing(
    demo_snapshot: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    out = tmp_path / "out.duckdb"
    with pytest.raises(InputError, match=said) as caught:
        stress(StressOptions(db=demo_snapshot, out=out, **changes), silent)
    assert "\n" not in str(caught.value)
    assert not out.exists()
