"""The StandardManager against the two case files of the protocol's own repository.

Parameters are those of the repository's test set-up (PROVENANCE of the vectors). Tolerances:
0.1 % relative for the portfolios of `test-cases.json`, exact whole USD (truncated toward zero)
for `test-cases-portfolio.json`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analyzer.model.integers import trunc_div
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.parameters import (
    OptionMarginParams,
    OracleContingency,
    SrmMarket,
)
from analyzer.protocols.derive_v2.value.black76 import prices
from analyzer.protocols.derive_v2.value.srm import (
    ExpiryHolding,
    MarketHolding,
    OptionHolding,
    PerpHolding,
    depeg_multiplier,
    market_margin,
)

E18 = 10**18
E8 = 10**8
DAY = 86_400
HOUR = 3_600
FOLDER = Path("data") / "derive_v2_vectors" / "standard_manager"
DEPEG = (98 * E18 // 100, 12 * E18 // 10)


def e18(text: str) -> int:
    """A decimal as 18-decimal integer."""
    whole, _, rest = text.partition(".")
    return int(whole) * E18 + int((rest + "0" * 18)[:18])


def market(number: int, base_margin_factor: str) -> SrmMarket:
    """One market with the parameters of the repository's tests."""
    return SrmMarket(
        market_id=number,
        name=str(number),
        spot_feed="",
        forward_feed="",
        vol_feed="",
        perp_mm=e18("0.05"),
        perp_im=e18("0.065"),
        option=OptionMarginParams(
            max_spot_req=e18("0.15"),
            min_spot_req=e18("0.1"),
            mm_call_spot_req=e18("0.075"),
            mm_put_spot_req=e18("0.075"),
            mm_put_mtm_req=e18("0.075"),
            unpaired_im_scale=e18("1.2"),
            unpaired_mm_scale=e18("1.1"),
            mm_offset_scale=e18("1.05"),
        ),
        base_margin_factor=e18(base_margin_factor),
        base_im_scale=E18,
        contingency=OracleContingency(e18("0.4"), e18("0.4"), e18("0.4"), e18("0.4")),
    )


@dataclass(frozen=True)
class Option:
    """One option of a case, with its market."""

    seconds: int
    strike: int
    is_call: bool
    amount: int
    volatility: int
    forward: int
    confidence: int

    def held(self) -> OptionHolding:
        call, put = prices(
            seconds=self.seconds,
            volatility=self.volatility,
            forward=self.forward,
            strike=self.strike,
            discount=E18,
        )
        return OptionHolding(self.strike, self.is_call, self.amount, call if self.is_call else put)


def expiries(options: list[Option]) -> tuple[ExpiryHolding, ...]:
    """Options by expiry; the least confidence counts for the expiry."""
    grouped: dict[int, list[Option]] = defaultdict(list)
    for option in options:
        grouped[option.seconds].append(option)
    return tuple(
        ExpiryHolding(
            seconds,
            group[0].forward,
            min(option.confidence for option in group),
            tuple(option.held() for option in group),
        )
        for seconds, group in grouped.items()
    )


def total(holdings: list[MarketHolding], cash: int, stable: int) -> tuple[int, int, int]:
    """(IM, MM, mark to market) of an account."""
    depeg = depeg_multiplier(stable, *DEPEG)
    initial = [market_margin(h, initial=True, depeg=depeg, stable=stable) for h in holdings]
    maintenance = [market_margin(h, initial=False, depeg=0, stable=stable) for h in holdings]
    return (
        cash + sum(part.margin for part in initial),
        cash + sum(part.margin for part in maintenance),
        cash + sum(part.mark_to_market for part in maintenance),
    )


def scenario_holdings(given: dict[str, Any]) -> list[MarketHolding]:
    """The markets of one case of `test-cases.json`."""
    out = []
    for number, name in enumerate(("ETH", "BTC")):
        options = [
            Option(
                seconds=given["OptionExpiries"][i],
                strike=given["OptionStrikes"][i] // 10**10 * 10**10,
                is_call=bool(given["OptionIsCall"][i]),
                amount=given["OptionAmounts"][i],
                volatility=given["OptionVols"][i],
                forward=given[f"SettlementPrice{name}"]
                if given["FeedExpiries"][i] < HOUR
                else given["Forwards"][i],
                confidence=min(given["ForwardConfidences"][i], given["OptionVolConfidences"][i]),
            )
            for i, underlying in enumerate(given["OptionUnderlying"])
            if underlying == name
        ]
        position = given[f"Perps_{name}"]
        spot_sure, perp_sure = given["SpotPerpConfidences"][number]
        price = given["PerpPrice"][number]
        perp = None
        if position:
            owed = given[f"{name}GlobalFundingIndex"] - given[f"Account{name}FundingIndex"]
            unsettled = mul(price - given[f"LastEntry{name}"], position) + mul(-position, owed)
            perp = PerpHolding(position, price, perp_sure, unsettled)
        out.append(
            MarketHolding(
                params=market(number + 1, "0.1"),
                spot=given[f"{name}SpotPrice"],
                spot_confidence=spot_sure,
                perp=perp,
                expiries=expiries(options),
                base=given[f"w{name}"],
            )
        )
    return out


def within(found: int, expected: int) -> bool:
    """Within 0.1 % of the expected number."""
    return abs(found - expected) * 1_000 <= abs(expected)


def test_every_scenario_of_the_first_file_is_within_a_tenth_of_a_percent(shared: Path) -> None:
    cases = json.loads((shared / FOLDER / "test-cases.json").read_text())
    assert len(cases) == 28
    wrong = []
    for name, case in cases.items():
        given, result = case["Scenario"], case["Result"]
        found = total(scenario_holdings(given), given["Cash"], given["USDCValue"])
        expected = tuple(int(result[key]) for key in ("realIM", "realMM", "PortfolioMtM"))
        wrong += [
            f"{name} {what}: {ours} against {theirs}"
            for what, ours, theirs in zip(("IM", "MM", "MtM"), found, expected, strict=True)
            if not within(ours, theirs)
        ]
    assert wrong == []


SPOTS = {"eth": 2_000 * E18, "btc": 28_000 * E18}
PERP_SPREAD = {"eth": E18, "btc": 20 * E18}
EXPIRIES = {
    "20230104": (3, "0.91345", "12.7883"),
    "20230111": (10, "2.83305", "39.66276"),
    "20230118": (17, "4.7545", "66.56301"),
    "20230227": (57, "15.7696", "220.77451"),
    "20230804": (215, "59.87416", "838.23835"),
    "20230811": (222, "61.85933", "865.90472"),
    "20230818": (229, "63.8284", "893.59763"),
    "20230825": (238, "66.3744", "929.24184"),
}
"""Days (and 8 hours) to expiry, forward less spot of ETH and BTC."""
STABLE = {
    "test_USDC_depeg": "0.1",
    "test_long_perp_and_USDC_depeg": "0.1",
    "test_general_portfolio": "0.97",
}
VOL_SURE = {
    "test_short_call_low_vol_conf": "0.1",
    "test_short_call_low_vol_and_fwd_confidence": "0.5",
    "test_short_call_low_spot_vol_fwd_confidence": "0.5",
    "test_long_call_low_spot_vol_fwd_confidence": "0.5",
    "test_short_options_two_expiries_low_conf_one_expiry": "0.3",
    "test_general_portfolio": "0.5",
}
FORWARD_SURE = {
    "test_short_call_low_vol_and_fwd_confidence": e18("0.4") - 1,
    "test_short_call_low_spot_vol_fwd_confidence": e18("0.4"),
    "test_long_call_low_spot_vol_fwd_confidence": e18("0.4"),
    "test_short_options_two_expiries_low_conf_one_expiry": e18("0.4"),
    "test_general_portfolio": e18("0.4") - 1,
}
SPOT_SURE = {
    "test_short_call_low_spot_vol_fwd_confidence": "0.2",
    "test_long_call_low_spot_vol_fwd_confidence": "0.2",
    "test_short_options_two_expiries_low_conf_one_expiry": "0.9",
    "test_general_portfolio": "0.2",
    "test_base_asset_low_spot_confidence": "0.1",
}
PERP_SURE = {"test_long_eth_perp_low_perp_confidence": "0.1"}
LOW_EXPIRY, LOW_STRIKE = "20230118", 2_000
"""The expiry and strike whose confidence the cases lower."""


def portfolio_option(name: str, given: dict[str, Any], underlying: str) -> Option:
    """One option of a case of `test-cases-portfolio.json`."""
    days, *spreads = EXPIRIES[given["expiry"]]
    spread = e18(str(spreads[0 if underlying == "eth" else 1]))
    sure = E18
    if given["expiry"] == LOW_EXPIRY and underlying == "eth":
        sure = min(e18(VOL_SURE.get(name, "1")), FORWARD_SURE.get(name, E18))
        if name in FORWARD_SURE:
            spread = e18("4.75")
    return Option(
        seconds=days * DAY + 8 * HOUR,
        strike=given["strike"] * E18,
        is_call=given["type"] == "call",
        amount=given["amount"] * (E18 // E8),
        volatility=e18("0.5"),
        forward=SPOTS[underlying] + spread,
        confidence=sure,
    )


def portfolio_holdings(name: str, case: dict[str, Any]) -> list[MarketHolding]:
    """The markets of one case of `test-cases-portfolio.json`."""
    out = []
    for number, underlying in enumerate(("eth", "btc")):
        options = [
            portfolio_option(name, given, underlying)
            for given in case["options"]
            if given["underlying"] == underlying
        ]
        perps = [given for given in case["perps"] if given["underlying"] == underlying]
        bases = [given for given in case["bases"] if given["underlying"] == underlying]
        spot = SPOTS[underlying]
        price = spot + PERP_SPREAD[underlying]
        perp = None
        if perps:
            (given,) = perps
            position = given["amount"] * (E18 // E8)
            entry = given["entryPrice"] * (E18 // E8)
            sure = e18(PERP_SURE.get(name, "1")) if underlying == "eth" else E18
            perp = PerpHolding(position, price, sure, mul(price - entry, position))
        out.append(
            MarketHolding(
                params=market(number + 1, "0.8"),
                spot=spot,
                spot_confidence=e18(SPOT_SURE.get(name, "1")) if underlying == "eth" else E18,
                perp=perp,
                expiries=expiries(options),
                base=sum(given["amount"] for given in bases) * (E18 // E8),
            )
        )
    return out


def portfolio_margin(name: str, case: dict[str, Any]) -> tuple[int, int]:
    """(IM, MM) in whole USD, truncated toward zero."""
    stable = e18(STABLE.get(name, "1"))
    im, mm, _ = total(portfolio_holdings(name, case), case["cash"] * (E18 // E8), stable)
    return trunc_div(im, E18), trunc_div(mm, E18)


def test_every_portfolio_of_the_second_file_is_equal_in_whole_usd(shared: Path) -> None:
    cases = json.loads((shared / FOLDER / "test-cases-portfolio.json").read_text())
    assert len(cases) == 42
    wrong = []
    for name, case in cases.items():
        found, result = portfolio_margin(name, case), case.get("results") or case["result"]
        if found != (result["im"], result["mm"]):
            wrong.append(f"{name}: {found} against {result['im']}, {result['mm']}")
    assert wrong == []


@pytest.mark.parametrize("name", ["test_short_ITM_call", "test_long_ATM_perp"])
def test_a_dollar_more_of_cash_is_noticed(shared: Path, name: str) -> None:
    case = json.loads((shared / FOLDER / "test-cases-portfolio.json").read_text())[name]
    result = case["results"]
    case["cash"] += 2 * E8
    assert portfolio_margin(name, case) != (result["im"], result["mm"])
