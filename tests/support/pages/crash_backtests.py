"""The table of `docs/risk.md`: what each VaR would have said through eight crashes.

`ANALYZER_SHARED=... python tests/support/pages/crash_backtests.py` writes it anew; a test compares.
The prices are reference data: only what is counted stands on the page.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analyzer.market.history import Floats
from analyzer.risk.backtest import backtest
from analyzer.risk.var import filtered_steps, historical_steps

PAGE = Path(__file__).resolve().parents[3] / "docs" / "risk.md"
BEGIN, END = "<!-- crashes -->\n", "<!-- /crashes -->\n"
HELD = {"BTC": 0.5, "ETH": 0.3, "LINK": 0.2}
FIRST, AROUND = 250, 30
LEVELS = (0.95, 0.99)
CRASHES = {
    "2020-03-12": "Black Thursday",
    "2021-05-19": "May 2021",
    "2022-05-09": "LUNA and UST",
    "2022-06-13": "stETH",
    "2022-11-08": "FTX",
    "2023-03-11": "USDC depeg",
    "2024-08-05": "carry unwind",
    "2025-10-10": "October 2025",
}
HEAD = (
    "| days | crash day | method | at 0.95: exceptions (expected), p | at 0.99 |\n"
    "|---|--:|---|---|---|\n"
)


def held_returns(shared: Path) -> tuple[list[str], Floats]:
    """(days, simple returns [day, asset]) of every day that all have a close."""
    closes: dict[str, dict[str, float]] = {}
    with (shared / "data" / "prices" / "daily_majors.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["asset"] in HELD:
                closes.setdefault(row["date"], {})[row["asset"]] = float(row["close"])
    days = [day for day in sorted(closes) if len(closes[day]) == len(HELD)]
    prices = np.array([[closes[day][asset] for asset in HELD] for day in days])
    return days[1:], prices[1:] / prices[:-1] - 1


def table(shared: Path) -> str:
    """The whole table."""
    days, returns = held_returns(shared)
    slopes = np.array(list(HELD.values()))
    told = {
        "historical": historical_steps(returns, slopes, LEVELS, FIRST),
        "filtered": filtered_steps(returns, slopes, LEVELS, FIRST),
    }
    place = {day: number - FIRST for number, day in enumerate(days)}
    windows = {f"{days[FIRST]} to {days[-1]}": (slice(None), "")}
    for day, name in CRASHES.items():
        at = place[day]
        fell = f"{told['historical'][1][at]:+.1%}"
        windows[f"{name}, {day} ± {AROUND}"] = slice(at - AROUND, at + AROUND + 1), fell
    return HEAD + "".join(
        line for name, (cut, fell) in windows.items() for line in _rows(name, cut, fell, told)
    )


def _rows(
    name: str, cut: slice, fell: str, told: dict[str, tuple[Floats, Floats]]
) -> Iterator[str]:
    """One row a method."""
    for method, (limits, came) in told.items():
        cells = []
        for number, level in enumerate(LEVELS):
            found = backtest(limits[cut, number], came[cut], level)
            mark = " **rejected**" if found.coverage.p_value < 0.05 else ""
            cells.append(
                f"{found.coverage.exceptions} ({found.coverage.expected:.1f}),"
                f" {found.coverage.p_value:.3f}{mark}"
            )
        yield f"| {name} | {fell} | {method} | {' | '.join(cells)} |\n"


def page(shared: Path) -> str:
    """The page with the table made anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return before + BEGIN + table(shared) + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(Path(os.environ["ANALYZER_SHARED"])), encoding="utf-8")
