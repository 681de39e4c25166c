"""The stated defaults, against the quotes and volumes that they say they rest on."""

from __future__ import annotations

import csv
import math
import statistics
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from analyzer.market.depth import Exponential
from analyzer.market.depth.curve import mean_decay
from analyzer.market.depth.default import BY_CLASS, BY_FACTOR, default_curve

# token -> (name, decimals, USD on the day of the quotes)
TOKENS = {
    "0x0000000000085d4780b73119b644ae5ecd22b376": ("TUSD", 18, 1.0),
    "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": ("WBTC", 8, 37_300.0),
    "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": ("USDC", 6, 1.0),
    "0x8e870d67f660d95d5be530380d0ec0bd388289e1": ("USDP", 18, 1.0),
    "0x7f39c581f595b53c5cb19bd0b3f8da6c935e2ca0": ("wstETH", 18, 2_300.0),
    "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": ("WETH", 18, 2_010.0),
    "0xac3e018457b222d93114458476f3e3416abbe38f": ("sfrxETH", 18, 2_100.0),
    "0xdac17f958d2ee523a2206206994597c13d831ec7": ("USDT", 6, 1.0),
}
Quotes = dict[tuple[str, str], list[tuple[float, float]]]


@pytest.fixture(scope="module")
def quotes(shared: Path) -> Quotes:
    """(sold, bought) -> (USD, impact) of every quote."""
    found: Quotes = defaultdict(list)
    file = shared / "data" / "slippage_1inch_2023" / "quotes_even_pairs.csv"
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            source, decimals, price = TOKENS[row["src"]]
            usd = float(row["in_amount"]) / 10**decimals * price
            found[source, TOKENS[row["dst"]][0]].append((usd, float(row["price_impact"])))
    return found


def implied_depth(usd: float, impact: float) -> float:
    """D of the exponential on which `usd` executes on average `impact` below the price."""
    low, high = 1e-9, 1e6
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if mean_decay(middle) > 1 - impact else (low, middle)
    return usd / low


def depths(quotes: Quotes, sold: str, bought: str) -> list[float]:
    """What each quote of a million and more implies."""
    return [
        implied_depth(usd, impact)
        for usd, impact in quotes[sold, bought]
        if 1e6 < usd < 3e8 and impact > 0
    ]


def lower_tenth(values: list[float]) -> float:
    return statistics.quantiles(values, n=10)[0]


def test_the_depth_of_eth_and_btc_is_the_median_that_the_quotes_imply(quotes: Quotes) -> None:
    eth = depths(quotes, "WETH", "USDC") + depths(quotes, "WETH", "USDT")
    assert statistics.median(eth) == pytest.approx(BY_FACTOR["ETH"].depth_usd, rel=0.05)
    btc = depths(quotes, "WBTC", "USDC")
    assert statistics.median(btc) == pytest.approx(BY_FACTOR["BTC"].depth_usd, rel=0.05)


def test_fitted_on_one_pair_the_exponential_predicts_another(quotes: Quotes) -> None:
    curve = Exponential(statistics.median(depths(quotes, "WETH", "USDC")))
    errors = [
        abs(1 - curve.average_ratio(0, usd) - impact)
        for usd, impact in quotes["WETH", "USDT"]
        if 1e6 < usd < 3e8
    ]
    assert statistics.median(errors) < 0.005


def test_the_depth_of_stables_and_of_a_depeg_is_the_lower_tenth(quotes: Quotes) -> None:
    assert lower_tenth(depths(quotes, "USDC", "USDT")) == pytest.approx(
        BY_FACTOR["USDC"].depth_usd, rel=0.05
    )
    ratio = lower_tenth(depths(quotes, "sfrxETH", "WETH"))
    assert ratio == pytest.approx(BY_CLASS["ratio"].depth_usd, rel=0.15)
    small = [
        lower_tenth(depths(quotes, "USDP", "USDC")),
        lower_tenth(depths(quotes, "USDT", "USDP")),
    ]
    assert min(small) < BY_CLASS["stable"].depth_usd <= 1.05 * max(small)


def test_the_depth_of_other_coins_lies_in_the_range_that_volume_and_volatility_give(
    shared: Path,
) -> None:
    closes: dict[str, list[float]] = defaultdict(list)
    volumes: dict[str, list[float]] = defaultdict(list)
    with (shared / "data" / "prices" / "daily_majors.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["date"] >= "2025-04-27":
                closes[row["asset"]].append(float(row["close"]))
                volumes[row["asset"]].append(float(row["volume_usdt"]))
    turnover = {}
    for asset, prices in closes.items():
        returns = [math.log(b / a) for a, b in pairwise(prices)]
        turnover[asset] = statistics.median(volumes[asset]) / statistics.stdev(returns)
    alts = [value for asset, value in turnover.items() if asset not in ("BTC", "ETH")]
    assert len(alts) == 19
    assert statistics.median(alts) == pytest.approx(580e6, rel=0.02)
    assert min(alts) == pytest.approx(26e6, rel=0.02)
    low, high = 0.008, 0.06
    assert (
        low * statistics.median(alts) < BY_CLASS["alt"].depth_usd < high * statistics.median(alts)
    )
    assert low * min(alts) < BY_CLASS["unlisted"].depth_usd < high * min(alts)


@pytest.mark.parametrize(
    ("factor", "depth", "words"),
    [
        ("ETH", 1e9, "default for ETH: aggregator quotes of 2023-11-20"),
        ("GHO", 50e6, "default for stable: aggregator"),
        ("stETH/ETH", 60e6, "default for ratio: aggregator"),
        ("LINK", 10e6, "default for alt: daily volume"),
        ("wat", 1e6, "default for unlisted: the least traded"),
    ],
)
def test_a_default_says_that_it_is_one_and_what_it_rests_on(
    factor: str, depth: float, words: str
) -> None:
    curve = default_curve(factor)
    assert curve.depth_usd == depth
    assert curve.source.startswith(words)
