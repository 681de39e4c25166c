"""The scenario detectors on case R15: A, B and C fall one after the other, 450 short in the end."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction

import pytest
from assessed_house import assessed_house, falls_to, r15_house
from linear_house import E18, Holder, House

from analyzer.contagion.scenario import AT_ANY_LOSS, FREE, Liquidators, Step
from analyzer.findings import scenario_findings
from analyzer.findings.cascade_amplification import CascadeAmplification
from analyzer.findings.contagion_path import ContagionPath
from analyzer.findings.cover_shortfall import CoverShortfall
from analyzer.findings.forced_sales import ForcedSalesExceedDepth, depth_usd
from analyzer.findings.fund_exhausted import FundExhausted
from analyzer.findings.implausible_run import ImplausibleRun
from analyzer.findings.unprofitable_liquidation import UnprofitableLiquidation
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


def test_bad_debt_is_compared_with_the_static_loss_of_the_last_step() -> None:
    """X at half its price, while nobody works, and back at 92: half is not what is compared."""
    alone = falls_to()
    there = Step({"X": Fraction(1, 2)}, liquidator_capacity=Fraction(0))
    back = replace(alone, steps=(there, *alone.steps))
    house = r15_house()
    house.holders["E"] = Holder(-9_210 * E18, {"X": 100 * E18})
    one, two = (assessed_house(deepcopy(house), scenario) for scenario in (alone, back))
    assert one.static_bad_debt_e18("house") == two.static_bad_debt_e18("house") == 10 * E18
    found = [
        [f.amounts for f in CascadeAmplification().detect(each) if "bad debt" in f.title]
        for each in (one, two)
    ]
    assert found[0] == found[1]
    ((amounts,), _) = found
    assert amounts["bad_debt_at_shocked_prices_e18"] == 10 * E18
    assert amounts["bad_debt_e18"] >= 15 * E18


def test_forced_sales_beyond_the_depth_within_ten_percent_are_found() -> None:
    shallow = {"X": ConstantProduct(10_000.0)}
    (finding,) = ForcedSalesExceedDepth().detect(assessed_house(curves=shallow))
    assert finding.amounts["forced_sales_e18"] > finding.amounts["depth_e18"] > 0
    deep = {"X": ConstantProduct(10_000_000_000.0)}
    assert list(ForcedSalesExceedDepth().detect(assessed_house(curves=deep))) == []


def test_forced_purchases_beyond_the_depth_are_found_as_well() -> None:
    house = House({"X": 100 * E18}, {"D": Holder(1090 * E18, {"X": -10 * E18})})
    up = falls_to(Fraction(11, 10))
    (finding,) = ForcedSalesExceedDepth().detect(assessed_house(house, up, {"X": Linear(5_000.0)}))
    assert finding.amounts["forced_purchases_e18"] == 1000 * E18
    assert finding.amounts["depth_e18"] == 500 * E18
    assert "bought from the market" in finding.title


def test_a_price_that_forced_trades_alone_move_by_more_than_half_is_implausible() -> None:
    """Ten of X of 100: sales of 1,000 take 49 % and 51 % of the price; purchases likewise."""
    for amount, cash, shock in ((10, -960, Fraction(95, 100)), (-10, 1040, Fraction(105, 100))):
        for market, found in ((1_000 / 0.49, 0), (1_000 / 0.51, 1)):
            house = House({"X": 100 * E18}, {"D": Holder(cash * E18, {"X": amount * E18})})
            one = assessed_house(house, falls_to(shock), {"X": Linear(market)})
            findings = list(ImplausibleRun().detect(one))
            assert len(findings) == found
            assert one.result.implausible == ("X",) * found
    (finding,) = findings
    assert finding.amounts["bought_e18"] == finding.amounts["forced_trades_e18"] == 1000 * E18
    assert finding.amounts["forced_move_ppm"] == pytest.approx(510_000, abs=1)


def test_accounts_that_pay_nobody_are_found_and_their_hole_is_bad_debt() -> None:
    dust = House({"X": 100 * E18}, {"D": Holder(-96 * E18, {"X": E18})}, penalty=Fraction(2, 100))
    curves = {"X": NoImpact()}
    rational = replace(falls_to(Fraction(95, 100)), liquidators=Liquidators())
    one = assessed_house(dust, rational, curves)
    assert one.result.unprofitable == {"house": ("D",)}
    (finding,) = UnprofitableLiquidation().detect(one)
    # A penalty of 1.90 does not pay for gas of 5; the account owes 1 more than it has.
    assert finding.amounts == {"accounts": 1, "left_bad_debt_e18": E18}
    assert one.bad_debt_e18("house") == E18
    for pays in (FREE, AT_ANY_LOSS):
        paid = assessed_house(replace(dust), replace(rational, liquidators=pays), curves)
        assert list(UnprofitableLiquidation().detect(paid)) == []


def test_depth_is_where_the_price_has_moved_by_a_tenth() -> None:
    assert depth_usd(Linear(1_000.0)) == pytest.approx(100.0)
    assert depth_usd(Linear(1_000.0), bought=True) == pytest.approx(100.0)
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
