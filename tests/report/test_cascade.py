"""Documents and pages of stress and contagion, made of a cascade that can be worked out by hand."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import pytest
from assessed_house import assessed_house, falls_to, r15_house
from document_schemas import validate

from analyzer.contagion.cascade.counterfactual import LeaveOneOut
from analyzer.contagion.trace.attribution import roots_of
from analyzer.contagion.trace.firewall import cheapest_firewall
from analyzer.documents.contagion import (
    ContagionDocument,
    ContagionRun,
    ImpairmentChain,
    ImpairmentEntry,
    ImpairmentPart,
)
from analyzer.documents.encode import to_json
from analyzer.documents.scenario import StressRun
from analyzer.documents.stress import Distances, RayShockEntry, ReverseEntry, StressDocument
from analyzer.findings import scenario_findings
from analyzer.findings.assessed import Assessed, Sensitivity
from analyzer.market.depth import NoImpact
from analyzer.report.cascade import cascade_page
from analyzer.report.distances import distance_blocks, reverse_blocks
from analyzer.report.markdown import markdown
from analyzer.report.stress import stress_page
from analyzer.report.table import table
from analyzer.runs.telling.cascade import contagion_document
from analyzer.runs.telling.cover import cover_entries
from analyzer.runs.telling.findings import finding_entry
from analyzer.runs.telling.scenarios import scenario_entry

E18 = 10**18
RUN = StressRun(
    analyzer_version="0.1.0",
    exit_code=3,
    snapshot="s.duckdb",
    out=None,
    deployments=("house",),
    left_out={"derive": "derive-v2 has no cascade"},
    not_proven={"perp": ("1 of 4 accounts unknown",)},
    depth_not_held=(),
    order="batch",
    fail_on="high",
)
FOLLOWED = ContagionRun(**{f.name: getattr(RUN, f.name) for f in fields(RUN)}, paths=1, what_if=0)
NOTHING = Distances("uniform ray", 0, 0, 0, {"house": "every price is a stable's"}, (), (), ())
DEEP = falls_to(Fraction(70, 100))


def followed(one: Assessed | None = None, saved: LeaveOneOut | None = None) -> ContagionDocument:
    """The document of `contagion` on case R15."""
    one = one or assessed_house(scenario=DEEP, scale=1_000)
    payers = sorted(set(one.result.absorbed) - set(one.result.failures))
    firewall = cheapest_firewall(one.result.edges, payers)
    findings = scenario_findings([one])
    return contagion_document(FOLLOWED, one, findings, firewall=firewall, saved=saved)


def stressed(*cases: Assessed) -> StressDocument:
    """The document of `stress` on these cascades."""
    return StressDocument(
        run=RUN,
        baseline=None,
        scenarios=tuple(map(scenario_entry, cases)),
        cover=cover_entries(cases),
        distances=NOTHING,
        reverse=None,
        findings=tuple(map(finding_entry, scenario_findings(cases))),
    )


def test_a_documents_amounts_are_exact_text_and_it_is_json() -> None:
    one = assessed_house(scenario=DEEP)
    document = to_json(followed(one))
    validate(document)
    validate(to_json(stressed(one)))
    (result,) = document["scenario"]["results"]
    assert int(result["bad_debt_after_e18"]) == one.bad_debt_e18("house")
    assert int(result["bad_debt_static_e18"]) == one.static_bad_debt_e18("house")
    assert [r["closed_accounts"] for r in document["rounds"]] == [
        len({c.account_id for c in round_.closed}) for round_ in one.result.rounds
    ]
    for round_ in document["rounds"]:
        assert sum(int(amount) for amount in round_["ledger_e18"].values()) == 0
    paid = sum(int(absorbed["amount_e18"]) for absorbed in document["absorbed"])
    assert paid == sum(one.result.absorbed.values())
    lost = sum(int(part["amount_e18"]) for part in document["losses_by_channel"])
    assert lost == sum(failure.loss_e18 for failure in one.result.failures.values())


def test_the_page_of_a_cascade_tells_rounds_paths_payers_and_what_it_rests_on() -> None:
    one = assessed_house(scenario=DEEP, scale=1_000)
    root = next(iter(roots_of(one.result.edges)))
    base = one.result.total_bad_debt_e18
    saved = LeaveOneOut(base=base, without={root: base - 5 * 10**21})
    text = table(cascade_page(followed(one, saved), paths=1))
    for said in (
        "Contagion: X falls",
        "Left out     derive: derive-v2 has no cascade",
        "Rounds",
        "X -30.0%",
        "Losses by absorber",
        "What if      without the failure of account",
        "(-5,000)",
        "Depth that forced sales meet",
        "fund-exhausted",
    ):
        assert said in text, said


def test_the_page_says_every_market_and_bad_debt_by_depth() -> None:
    one = replace(
        assessed_house(scenario=DEEP, scale=1_000), sensitivity=Sensitivity(9_000 * E18, 7 * E18)
    )
    document = followed(one)
    text = table(cascade_page(document, paths=1))
    assert "Markets of forced trades" in text
    assert "Sensitivity  bad debt is 9,000 with half of every depth" in text
    assert "left out of the fit" in text
    written = to_json(document)
    assert written["sensitivity"]["bad_debt_double_depth_e18"] == str(7 * E18)
    assert written["markets"][0]["price_before"] == 1.0
    assert to_json(followed())["sensitivity"] is None
    assert "Sensitivity" not in table(cascade_page(followed(), paths=1))


def test_a_shock_that_hurts_nobody_says_so() -> None:
    calm = assessed_house(r15_house(), falls_to(Fraction(101, 100)), {"X": NoImpact()})
    text = table(cascade_page(followed(calm), paths=3))
    assert "nobody: there is no bad debt" in text
    assert "nobody lost anything by the shock" in text
    assert "Findings     none" in text


def test_the_page_of_stress_has_a_row_for_each_scenario_and_one_finding_for_many() -> None:
    cases = [assessed_house(scenario=falls_to(Fraction(70, 100), name)) for name in ("a", "b")]
    document = stressed(*cases)
    text = table(stress_page(document))
    assert [line.split()[0] for line in text.splitlines() if line.startswith(("a ", "b "))] == [
        "a",
        "b",
    ]
    (row,) = [line for line in text.splitlines() if "fund-exhausted" in line]
    assert row.rstrip().endswith("a, b")
    assert "has no distances: every price is a stable's" in text
    assert "| a |" in markdown(stress_page(document))


def test_a_number_that_nobody_checked_and_a_factor_that_stays_are_said() -> None:
    open_ = falls_to(name="rumour")
    open_ = type(open_)(
        open_.name, open_.title, open_.source, open_.steps, unverified=("the low of X",)
    )
    text = table(stress_page(stressed(assessed_house(scenario=open_))))
    assert "Unverified   the low of X" in text
    still = assessed_house(scenario=falls_to(name="elsewhere"))
    document = stressed(still)
    (told,) = document.scenarios
    depth = (replace(told.depth[0], origin="unknown"),)
    told = replace(told, unmapped=("Y",), exhausted=("X",), depth=depth)
    text = table(stress_page(replace(document, scenarios=(told,))))
    assert "Y: nothing is said of them by elsewhere" in text
    assert "Sold out     more X has to be sold or bought than the curve bears, by elsew" in text
    assert "Not known    the depth of X is not known" in text


def test_a_run_that_no_market_would_show_and_what_pays_nobody_are_said_in_front() -> None:
    document = stressed(assessed_house(scenario=falls_to(name="elsewhere")))
    (told,) = document.scenarios
    assert (told.implausible, [r.unprofitable for r in told.results]) == ((), [0])
    (result,) = told.results
    told = replace(told, implausible=("X",), results=(replace(result, unprofitable=1_200),))
    text = table(stress_page(replace(document, scenarios=(told,))))
    first, last = (
        text.index("Implausible  elsewhere: forced trades alone move X"),
        text.index("Left open    1,200 accounts of house in breach pay nobody, under elsewhere"),
    )
    assert first < text.index("below IM") < last


@pytest.mark.parametrize(
    ("move", "said"),
    [
        (None, "no fall is enough (at most 12)"),
        (0.0, "no fall at all (12 already)"),
        (-0.25, "a fall of all prices by 25.00% (12)"),
    ],
)
def test_the_answer_of_reverse_stress_is_a_fall_none_or_no_need_of_one(
    move: float | None, said: str
) -> None:
    shock = RayShockEntry("uniform ray", move, 12.0, 1, 1, "as it is", 0, 0)
    found = ReverseEntry(
        target_usd=10.0,
        static={"house": shock},
        static_together=shock,
        cascade=shock,
        plausible={"house": None},
        plausible_together=None,
        left_out=("Z",),
        note="no --returns",
    )
    text = table(reverse_blocks(found))
    assert said in text
    assert "no shock of the factors with returns reaches it" in text
    assert "no returns of Z" in text
    assert reverse_blocks(None) == []


def test_without_a_wall_the_page_says_that_nothing_is_forced_to_sell() -> None:
    empty = Distances("uniform ray", 0, 3, 1, {}, (), (), ())
    text = table(distance_blocks(empty))
    assert "nothing is forced to sell on this ray" in text
    assert "1 unknown" in text


def test_lost_backing_on_two_chains_is_told_by_reserve_and_by_chain() -> None:
    here, there = {"alike": 3 * E18, "there": 0}, {"alike": 4 * E18, "there": 7 * E18}
    entry = ImpairmentEntry(
        asset="rsETH",
        share=0.185,
        where="42161",
        oracle="follows",
        total_e18=7 * E18,
        gained_e18=0,
        unknown=2,
        parts=(
            ImpairmentPart("holders", "rsETH", "north", 1, here),
            ImpairmentPart("lenders", "WETH", "south", 42161, there),
        ),
        chains=(ImpairmentChain(1, here), ImpairmentChain(42161, there)),
    )
    document = replace(followed(), impairment=entry)
    validate(to_json(document))
    text = table(cascade_page(document, paths=1), width=200)
    assert "18.5000% of the backing of rsETH is gone in 42161, feeds follow: 7 lost" in text
    assert "2 accounts unknown" in text
    for words in ("lenders WETH south 4 7", "all 7 7", "chain 1 3 0", "chain 42161 4 7"):
        assert any(line.split() == words.split() for line in text.splitlines()), words
    one = replace(document, impairment=replace(entry, chains=entry.chains[:1]))
    assert "by chain" not in table(cascade_page(one, paths=1), width=200)
