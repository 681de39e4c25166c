"""The scenario detectors on case R15: A, B and C fall one after the other, 450 short in the end."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from assessed_house import assessed_house, falls_to, r15_house
from linear_house import E18

from analyzer.findings import scenario_findings
from analyzer.findings.cascade_amplification import CascadeAmplification
from analyzer.findings.contagion_path import ContagionPath
from analyzer.findings.cover_shortfall import CoverShortfall
from analyzer.findings.forced_sales import ForcedSalesExceedDepth, depth_usd
from analyzer.findings.fund_exhausted import FundExhausted
from analyzer.market.depth import ConstantProduct, Exponential, Linear, NoImpact
from analyzer.model.finding import Finding, Severity

SCALE = 1_000
DEEP = falls_to(Fraction(70, 100))


def test_a_fund_that_a_scenario_uses_up_is_found_with_what_is_left_uncovered() -> None:
    (finding,) = FundExhausted().detect(assessed_house(scenario=DEEP))
    bad_debt = finding.amounts["bad_debt_e18"]
    assert finding.amounts["fund_e18"] == 100 * E18
    assert finding.amounts["uncovered_e18"] == bad_debt - 100 * E18 > 0
    assert finding.evidence["scenario"] == "crash"
    assert (finding.account_id, finding.severity) == (None, Severity.HIGH)


def test_a_fund_that_bears_the_bad_debt_is_no_finding() -> None:
    assert list(FundExhausted().detect(assessed_house(r15_house(fund=1_000_000), DEEP))) == []


def test_a_fund_that_earned_what_it_paid_leaves_nothing_uncovered() -> None:
    one = assessed_house(r15_house(fund=1_000_000), DEEP)
    (name,) = one.venues
    poor = replace(one, venues={name: replace(one.venues[name], fund_before_e18=0)})
    assert poor.bad_debt_e18(name) > 0 == poor.uncovered_e18(name)
    assert list(FundExhausted().detect(poor)) == []
    voluntary = replace(one, venues={name: replace(one.venues[name], bounded=frozenset())})
    assert voluntary.uncovered_e18(name) == one.bad_debt_e18(name)


def test_bad_debt_that_the_scenario_only_lowers_is_not_the_scenarios() -> None:
    house = r15_house(fund=0)
    house.holders["A"].cash = -10_200 * E18
    risen = assessed_house(house, falls_to(Fraction(101, 100)), {"X": NoImpact()})
    (name,) = risen.venues
    assert risen.uncovered_e18(name) == risen.bad_debt_e18(name) == 100 * E18
    assert risen.result.before[name].bad_debt_e18 == 200 * E18
    assert list(FundExhausted().detect(risen)) == []


def test_cover_one_is_high_cover_two_alone_is_medium() -> None:
    (alone,) = CoverShortfall().detect(assessed_house(scenario=DEEP))
    owners = assessed_house(scenario=DEEP).result.shocked["house"].owners_short_e18
    largest = sorted(owners.values(), reverse=True)
    assert alone.amounts["cover1_e18"] == largest[0]
    assert alone.amounts["cover2_e18"] == sum(largest[:2])
    assert alone.severity is Severity.HIGH
    between = (largest[0] // E18) + 1
    (both,) = CoverShortfall().detect(assessed_house(r15_house(fund=between), DEEP))
    assert both.severity is Severity.MEDIUM
    enough = sum(largest[:2]) // E18 + 1
    assert list(CoverShortfall().detect(assessed_house(r15_house(fund=enough), DEEP))) == []


def test_losses_that_one_failure_passed_on_are_found_by_victim() -> None:
    found = {f.account_id: f for f in ContagionPath().detect(assessed_house(scale=SCALE))}
    # A falls by the shock alone; what moved B and C was A (and B).
    assert "A" not in found
    assert {"B", "C"} <= set(found)
    one = found["C"]
    assert one.amounts["passed_on_e18"] >= one.amounts["largest_path_e18"] > 0
    assert one.amounts["passed_on_e18"] < one.amounts["loss_e18"]
    assert "liquidated for" in one.evidence["largest path"]
    assert one.title == "Liquidations of others passed losses on to account C (house)"


def test_small_losses_are_no_contagion_finding() -> None:
    assert list(ContagionPath().detect(assessed_house())) == []


def test_without_impact_nothing_is_passed_on_between_accounts() -> None:
    calm = assessed_house(curves={"X": NoImpact()}, scale=SCALE)
    assert [f for f in ContagionPath().detect(calm) if f.account_id] == []
    assert list(CascadeAmplification().detect(calm)) == []


def test_a_price_that_forced_sales_take_further_than_the_shock_is_found() -> None:
    found = list(CascadeAmplification().detect(assessed_house()))
    (price,) = [f for f in found if f.market == "X under crash"]
    result = assessed_house().result
    exact = result.amplification("X")
    assert exact is not None
    assert price.amounts["amplification_ppm"] == int(exact * 1_000_000) >= 1_500_000
    assert price.evidence["depth"].startswith("linear")


def test_a_price_that_only_the_cascade_moves_is_found() -> None:
    def found(depth: float) -> list[Finding]:
        house = r15_house()
        house.prices["Y"] = 100 * E18
        house.holders["A"].amounts["Y"] = E18
        curves = {"X": NoImpact(), "Y": Linear(depth)}
        return list(CascadeAmplification().detect(assessed_house(house, DEEP, curves)))

    # 100 of Y are sold: a linear curve of 500 falls by a fifth.
    (moved,) = [f for f in found(500.0) if f.market == "Y under crash"]
    assert moved.amounts == {"move_ppm": -200_000}
    assert moved.title == "The cascade alone moves Y by -20.0%: no shock does"
    assert [f for f in found(1_001.0) if f.market == "Y under crash"] == []


def test_forced_sales_beyond_the_depth_within_ten_percent_are_found() -> None:
    shallow = {"X": ConstantProduct(10_000.0)}
    (finding,) = ForcedSalesExceedDepth().detect(assessed_house(curves=shallow))
    assert finding.amounts["forced_sales_e18"] > finding.amounts["depth_e18"] > 0
    deep = {"X": ConstantProduct(10_000_000_000.0)}
    assert list(ForcedSalesExceedDepth().detect(assessed_house(curves=deep))) == []


def test_depth_is_where_the_price_is_nine_tenths() -> None:
    assert depth_usd(Linear(1_000.0)) == pytest.approx(100.0)
    assert depth_usd(Exponential(1_000.0)) == pytest.approx(105.36051565782628)
    assert depth_usd(NoImpact()) is None


def test_a_finding_keeps_its_identity_whatever_the_amounts_and_changes_it_with_the_scenario() -> (
    None
):
    def identities(**settings: object) -> set[str]:
        one = assessed_house(scale=SCALE, **settings)  # type: ignore[arg-type]
        return {finding.fingerprint for finding in scenario_findings([one])}

    first = identities()
    deeper = identities(scenario=falls_to(Fraction(91, 100)))
    other = identities(scenario=falls_to(name="other crash"))
    assert first & deeper
    assert not first & other
    assert len(first) == len(other)
