"""What carries price impact, in words."""

from __future__ import annotations

from dataclasses import replace

from assessed_house import assessed_house

from analyzer.documents.scenario import ImpactEntry, ScenarioEntry
from analyzer.report.impact import impact_lines
from analyzer.report.page import Line
from analyzer.runs.telling.scenarios import scenario_entry

E18 = 10**18


def market(factor: str, share: float, *, major: bool = False, traded: int = 5_000) -> ImpactEntry:
    """One market that carries a share."""
    loss = int(share * 1_000) * E18
    return ImpactEntry(factor, "USD", loss, share, traded * E18, 0.25, f"what {factor} says", major)


def entry(name: str, *markets: ImpactEntry) -> ScenarioEntry:
    """A scenario with these markets."""
    return replace(scenario_entry(assessed_house()), name=name, impact=markets)


def texts(*scenarios: ScenarioEntry) -> list[str]:
    """The lines."""
    lines = impact_lines(scenarios)
    assert all(isinstance(line, Line) for line in lines)
    return [line.text for line in lines if isinstance(line, Line)]


def test_where_eth_and_btc_carry_four_fifths_no_market_is_named() -> None:
    found = texts(entry("crash", market("ETH", 0.7, major=True), market("OP", 0.1),
                        market("stETH/ETH", 0.2, major=True)))  # fmt: skip
    assert found == [
        "price impact reached failed accounts through ETH, BTC and their staking tokens: crash 90%"
    ]


def test_elsewhere_markets_are_named_with_their_quotes_until_four_fifths_are() -> None:
    crash = entry("crash", market("OP", 0.6), market("MKR", 0.2), market("ETH", 0.1, major=True),
                  market("LINK", 0.1))  # fmt: skip
    slump = entry("slump", market("OP", 0.9, traded=-7_000), market("ETH", 0.1, major=True))
    assert texts(crash, slump) == [
        "price impact reached failed accounts through OP against USD: crash 60%, slump 90%. The net"
        " purchase of 7,000.00 in slump loses 25.0%; quotes: what OP says",
        "price impact reached failed accounts through MKR against USD: crash 20%. The net sale of"
        " 5,000.00 in crash loses 25.0%; quotes: what MKR says",
    ]


def test_without_impact_and_of_what_is_not_applicable_nothing_is_said() -> None:
    apart = replace(entry("apart", market("OP", 1.0)), not_applicable="no book holds it")
    assert texts(entry("calm"), apart) == []
