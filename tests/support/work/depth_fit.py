"""Fits the default depth of pairs of classes on aggregator quotes, and cross-validates it.

    ANALYZER_SHARED=... python tests/support/work/depth_fit.py FILE      writes the table to FILE

Quotes: `data/slippage_1inch_2023` of the shared data (MIT): what an aggregator gave for sales of up
to 150 M USD on 2023-11-20. Two numbers a pair of classes (the sale that loses one percent, and what
the thin side holds), on the medians of sixteen sizes from 0.1 to 160 M; the form has two more for
all pairs together. A staking token is traded through what it stakes, and minted when it is bought.

Coins without quotes have ETH's numbers in proportion to turnover over volatility (daily closes of
the shared data, the three months before the quotes). ETH's and not BTC's: like ETH they trade on
the chain, where BTC is a guest.
"""

from __future__ import annotations

import csv
import math
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

EXPONENT, STEEPNESS = 0.65, 8.0
"""Shared by all pairs: a few values were compared by hand, with all pairs in sight."""
FAR = 200e6
"""What a thin side holds where no quote says: weakly drawn there."""
BUCKETS = ((1e5, 1e6), (1e6, 1e7), (1e7, 5e7), (5e7, 4e8))
ENOUGH, LEAST = 5, 1e-4
QUARTER = ("2023-08-20", "2023-11-20")
LARGE_FROM = 250e6
"""Turnover over volatility of a large coin, USD."""

# token -> (name, decimals, USD on the day of the quotes, its class)
TOKENS = {
    "0x0000000000085d4780b73119b644ae5ecd22b376": ("TUSD", 18, 1.0, "small-stable"),
    "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": ("WBTC", 8, 37_360.0, "btc"),
    "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": ("USDC", 6, 1.0, "large-stable"),
    "0x8e870d67f660d95d5be530380d0ec0bd388289e1": ("USDP", 18, 1.0, "small-stable"),
    "0x7f39c581f595b53c5cb19bd0b3f8da6c935e2ca0": ("wstETH", 18, 2_343.0, "staking"),
    "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": ("WETH", 18, 2_047.0, "eth"),
    "0xac3e018457b222d93114458476f3e3416abbe38f": ("sfrxETH", 18, 2_180.0, "small-staking"),
    "0xdac17f958d2ee523a2206206994597c13d831ec7": ("USDT", 6, 1.0, "large-stable"),
}
CLASS_OF = {name: kind for name, _, _, kind in TOKENS.values()}
THIN_LAST = ("large-stable", "eth", "btc", "staking", "small-staking", "small-stable")
MINTED = ("staking", "small-staking")

Pair = tuple[str, str]
Row = tuple[str, str]
"""(class of the thin side, class of the other side, or `*`)."""
Numbers = dict[Row, NDArray[np.float64]]
"""Row -> logarithms of (sale that loses one percent, what the thin side holds)."""


@dataclass(frozen=True, slots=True)
class Median:
    """One size of one pair: median USD and median share lost of `count` quotes."""

    pair: Pair
    usd: float
    lost: float
    count: int


def read_quotes(shared: Path) -> dict[Pair, list[tuple[float, float]]]:
    """(sold, bought) -> (USD, share lost) of every quote."""
    found: dict[Pair, list[tuple[float, float]]] = defaultdict(list)
    file = shared / "data" / "slippage_1inch_2023" / "quotes_even_pairs.csv"
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            name, decimals, price, _ = TOKENS[row["src"]]
            usd = float(row["in_amount"]) / 10**decimals * price
            found[name, TOKENS[row["dst"]][0]].append((usd, float(row["price_impact"])))
    return dict(found)


def medians(
    quotes: Mapping[Pair, Sequence[tuple[float, float]]], sizes: Iterable[tuple[float, float]]
) -> list[Median]:
    """The medians of every pair and size with enough quotes."""
    out = []
    ranges = list(sizes)
    for pair, found in sorted(quotes.items()):
        for low, high in ranges:
            inside = [(usd, lost) for usd, lost in found if low < usd <= high]
            if len(inside) >= ENOUGH:
                usd, lost = (statistics.median(column) for column in zip(*inside, strict=True))
                out.append(Median(pair, usd, lost, len(inside)))
    return out


def buckets(quotes: Mapping[Pair, Sequence[tuple[float, float]]]) -> list[Median]:
    """What is compared: the medians of the four sizes, where they are above the least."""
    return [found for found in medians(quotes, BUCKETS) if found.lost > LEAST]


def legs(pair: Pair) -> list[tuple[Row, bool]]:
    """The rows that a trade goes through, and whether the thin side is sold there."""
    start, end = CLASS_OF[pair[0]], CLASS_OF[pair[1]]
    way = [start, *(["eth"] if start in MINTED and end != "eth" else [])]
    if end in MINTED and way[-1] != "eth":
        way.append("eth")
    out = []
    for sold, bought in pairwise([*way, end]):
        down = THIN_LAST.index(sold) >= THIN_LAST.index(bought)
        thin, thick = (sold, bought) if down else (bought, sold)
        anything = thin == "small-stable" and "stable" not in thick
        out.append(((thin, "*" if anything else thick), down))
    return out


def predicted(pair: Pair, usd: NDArray[np.float64], numbers: Numbers) -> NDArray[np.float64]:
    """Average share lost by sales of `usd`."""
    got = usd
    for row, sold in legs(pair):
        one_percent, holds = np.exp(numbers[row])
        gentle = one_percent / math.expm1(-EXPONENT * math.log(0.99)) ** (1 / EXPONENT)
        got = got * (1 + (got / gentle) ** EXPONENT) ** (-1 / EXPONENT)
        if sold or row[0] not in MINTED:
            got = got * (1 + (got / holds) ** STEEPNESS) ** (-1 / STEEPNESS)
    return 1 - got / usd


def fit(found: Sequence[Median]) -> Numbers:
    """Row by row, three times over: the two numbers that lie nearest to the medians in logarithms,
    each of the four buckets of a pair counting the same and no single one more than a factor of
    3.3. A row that no pair goes through has that of small stables against large ones."""
    per_pair: dict[Pair, list[Median]] = defaultdict(list)
    for one in found:
        per_pair[one.pair].append(one)
    data = {
        pair: (
            np.array([m.usd for m in rows]),
            np.log([max(m.lost, LEAST / 5) for m in rows]),
            np.array([_weight(m.usd, rows) for m in rows]),
        )
        for pair, rows in per_pair.items()
    }
    all_rows = sorted(
        {
            row
            for sold in CLASS_OF
            for bought in CLASS_OF
            if sold != bought
            for row, _ in legs((sold, bought))
        }
    )
    used = [row for row in all_rows if any(row in dict(legs(pair)) for pair in data)]
    numbers = {row: np.log([1e6, 5e6 if "small-stable" in row else FAR]) for row in all_rows}
    for sweep in range(3):
        for row in used:
            _improve(row, numbers, data, wide=sweep == 0)
    for row in all_rows:
        if row not in used:
            numbers[row] = numbers["small-stable", "large-stable"]
    return numbers


def _weight(usd: float, rows: Sequence[Median]) -> float:
    """One over how many sizes of the pair lie in the same bucket."""
    low, high = next((b for b in BUCKETS if b[0] < usd <= b[1]), (0.0, math.inf))
    return 1 / sum(low < other.usd <= high for other in rows)


def _improve(
    row: Row,
    numbers: Numbers,
    data: Mapping[Pair, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
    *,
    wide: bool,
) -> None:
    """Puts better numbers in for one row, the others standing still. wide: from several starts."""
    mine = {pair: values for pair, values in data.items() if row in dict(legs(pair))}

    def cost(x: NDArray[np.float64]) -> float:
        tried = {**numbers, row: x}
        total = 0.003 * (x[1] - math.log(FAR)) ** 2 + 0.001 * (x[0] - math.log(3e6)) ** 2
        for pair, (usd, lost, weight) in mine.items():
            off = np.abs(np.log(np.clip(predicted(pair, usd, tried), 1e-12, 1)) - lost)
            total += float(np.sum(weight * (np.minimum(off, 1.2) ** 2 + 0.05 * off)))
        return float(total)

    start = numbers[row]
    starts = [start]
    if wide:
        starts += [start + step for step in ([3.0, 0.0], [-3.0, 0.0], [0.0, -1.5], [7.0, 0.0])]
    options = {"xatol": 1e-3, "fatol": 1e-5, "maxiter": 300}
    tries = [minimize(cost, x, method="Nelder-Mead", options=options) for x in starts]
    numbers[row] = min(tries, key=lambda found: found.fun).x


def ratios(found: Sequence[Median], numbers: Numbers) -> list[float]:
    """Predicted over quoted, bucket by bucket."""
    return [float(predicted(m.pair, np.array([m.usd]), numbers)[0]) / m.lost for m in found]


def within_two(values: Sequence[float]) -> int:
    """How many lie within a factor of two."""
    return sum(0.5 <= value <= 2 for value in values)


def turnover(shared: Path) -> dict[str, float]:
    """Coin -> median daily volume in USD over the deviation of daily returns, QUARTER long."""
    closes: dict[str, list[float]] = defaultdict(list)
    volumes: dict[str, list[float]] = defaultdict(list)
    with (shared / "data" / "prices" / "daily_majors.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if QUARTER[0] <= row["date"] <= QUARTER[1]:
                closes[row["asset"]].append(float(row["close"]))
                volumes[row["asset"]].append(float(row["volume_usdt"]))
    return {
        coin: statistics.median(volumes[coin])
        / statistics.stdev([math.log(b / a) for a, b in pairwise(prices)])
        for coin, prices in closes.items()
    }


def others(shared: Path, numbers: Numbers) -> dict[str, tuple[float, float]]:
    """Class of coins without quotes -> its two numbers: ETH's against stables, in proportion."""
    found = turnover(shared)
    share = np.exp(numbers["eth", "large-stable"]) / found["ETH"]
    coins = [value for coin, value in found.items() if coin not in ("BTC", "ETH")]
    sizes = {
        "large-other": statistics.median(value for value in coins if value > LARGE_FROM),
        "small-other": statistics.median(value for value in coins if value <= LARGE_FROM),
        "unlisted": min(coins),
    }
    return {kind: (size * float(share[0]), size * float(share[1])) for kind, size in sizes.items()}


def quoted(quotes: Mapping[Pair, Sequence[tuple[float, float]]], row: Row) -> str:
    """What the quotes of a row's own pairs said, of the largest size up to 10 M USD that five of
    them have."""
    mine = [found for pair, found in quotes.items() if [leg for leg, _ in legs(pair)] == [row]]
    both = [quote for found in mine for quote in found]
    for low, high in ((1e6, 1e7), (1e5, 1e6)):
        lost = [share for usd, share in both if low < usd <= high]
        if len(lost) >= ENOUGH:
            sizes = f"{low / 1e6:g} to {high / 1e6:g} M USD"
            share = float(f"{100 * statistics.median(lost):.2g}")
            count = f"{len(lost):,} 1inch quotes of 2023-11-20"
            return f"{count} for {sizes} lose {share:g} % in the median"
    raise AssertionError(f"no pair of {row} alone was quoted")


def table(shared: Path, numbers: Numbers, lines: Sequence[str]) -> str:
    """The table as it ships."""
    quotes = read_quotes(shared)
    out = [*(f"# {line}".rstrip() for line in lines), "", f"exponent = {EXPONENT}"]
    out.append(f"steepness = {STEEPNESS}")
    for (thin, thick), values in sorted(numbers.items()):
        one_percent, holds = np.exp(values)
        count = sum((thin, thick) in dict(legs(pair)) for pair in quotes)
        basis = f"aggregator quotes of 2023-11-20, {count} pairs"
        out += _row((thin, thick), one_percent, holds, basis, quoted(quotes, (thin, thick)))
    ether = ("eth", "large-stable")
    for kind, (one_percent, holds) in others(shared, numbers).items():
        basis = "turnover over volatility before the quotes, in proportion to ETH"
        times = one_percent / math.exp(numbers[ether][0])
        own = f"none of its own; {times:.3g} times the depth of ETH, of which "
        out += _row((kind, "*"), one_percent, holds, basis, own + quoted(quotes, ether))
    return "\n".join(out) + "\n"


def _row(row: Row, one_percent: float, holds: float, basis: str, quote: str) -> list[str]:
    """One `[[pair]]`."""
    return [
        "",
        "[[pair]]",
        f'thin = "{row[0]}"',
        f'thick = "{row[1]}"',
        f"one_percent_usd = {float(f'{one_percent:.3g}'):_.0f}",
        f"holds_usd = {float(f'{holds:.3g}'):_.0f}",
        *(["minted = true"] if row[0] in MINTED else []),
        f'basis = "{basis}"',
        f'quote = "{quote}"',
    ]


def main(shared: Path, target: Path) -> None:
    """Fits, cross-validates and writes."""
    quotes = read_quotes(shared)
    sizes = list(pairwise(np.geomspace(1e5, 1.6e8, 17).tolist()))
    fine, coarse = medians(quotes, sizes), buckets(quotes)
    numbers = fit(fine)
    inside = ratios(coarse, numbers)
    outside: list[float] = []
    for pair in sorted(quotes):
        left = fit([m for m in fine if m.pair != pair])
        mine = ratios([m for m in coarse if m.pair == pair], left)
        print(pair, [round(value, 2) for value in mine], flush=True)
        outside += mine
    tenths = statistics.quantiles(outside, n=10)
    fitted, held_out = within_two(inside), within_two(outside)
    lines = [
        "Default depth by pair of classes: the sale of the thin side for the other that loses one",
        "percent, and what the thin side holds. Numbers of our own, made by",
        "tests/support/work/depth_fit.py from 9,620 aggregator quotes of 2023-11-20 (28 pairs of 8",
        "tokens; xenophonlabs/crvUSDrisk, MIT, copyright of the crvUSDrisk authors).",
        f"Within a factor of two of the quoted median: {fitted} of {len(inside)} buckets fitted,"
        f" {held_out} of {len(outside)}",
        "on pairs left out of the fit one at a time; predicted over quoted there: from"
        f" {tenths[0]:.2g} (lowest",
        f"tenth) to {tenths[-1]:.2g} (highest), median {statistics.median(outside):.2g}.",
    ]
    target.write_text(
        table(shared, numbers, lines)
        + "\n[cross_validation]\n"
        + f"buckets = {len(outside)}\nwithin_two = {held_out}\nfitted_within_two = {fitted}\n"
        + f"lowest_tenth = {tenths[0]:.3g}\nmedian = {statistics.median(outside):.3g}\n"
        + f"highest_tenth = {tenths[-1]:.3g}\n",
        encoding="utf-8",
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main(Path(os.environ["ANALYZER_SHARED"]), Path(sys.argv[1]))
