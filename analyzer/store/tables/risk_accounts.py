"""The table `risk_accounts`: what days of the past would do to each account."""

from __future__ import annotations

from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, count, figure, flag, text

TABLE = Table(
    "risk_accounts",
    "What the days of a price history would do to each account (`risk protocol --out`), in float64"
    " over the linear twin: indications, never verdicts. One row per scan, history and account.",
    (
        SCAN,
        text("history", "The price history: file, steps, first and last date.", key=True),
        ACCOUNT,
        text("owner", "Who owns the account."),
        count("days", "Steps of the history behind the figures; 0 = it has none of what it holds."),
        figure("equity_usd", "Equity at the block's prices; NULL = unknown."),
        figure("gross_usd", "What it holds and owes that prices move, without sign."),
        figure("leverage", "Gross over equity; NULL where equity is not above zero."),
        figure(
            "distance",
            "Market return at which it is first liquidatable when every factor moves by its beta;"
            " 0 = now; NULL = at none, or unknown.",
        ),
        figure("headroom_sigmas", "Headroom over the deviation of its change in a day."),
        figure(
            "touch_7d",
            "Probability of being liquidatable at some moment of seven days, if headroom moved as a"
            " Brownian motion of that deviation.",
        ),
        figure("var95_usd", "Historical VaR of equity over one step at 0.95; NULL = too few days."),
        figure("es95_usd", "ES, likewise."),
        figure("var99_usd", "VaR at 0.99, likewise."),
        figure("es99_usd", "ES at 0.99, likewise."),
        flag(
            "failed95",
            "Whether the back-test of historical VaR at 0.95, on all positions of the deployment"
            " together, rejects it; NULL = not tested.",
        ),
        flag("failed99", "The same at 0.99."),
        figure(
            "coverage_alone",
            "What it gets for all that it holds over what it owes, after slippage, selling alone;"
            " NULL = it owes nothing but what it holds more of, or unknown.",
        ),
        figure("coverage_together", "The same with all accounts selling."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
