"""A risk profile as a page: the words first, then what they rest on."""

from __future__ import annotations

from analyzer.documents.risk import ClusteringEntry, RiskAccount, RiskDocument, SpiralEntry
from analyzer.report.blocks import Block, Grid, Heading, Line

SHOWN = (0.1, 0.2, 0.3, 0.5)
"""Falls at which a loss spiral is shown."""
MANY = 100
"""From here on coverage is of no interest to anybody."""


def risk_page(document: RiskDocument) -> list[Block]:
    """The profile of one subject."""
    run = document.run
    return [
        Heading(f"Risk of {run.subject} {run.id}"),
        *(Line("profile", text) for text in document.sentences),
        *(Line("no number", text, "doubt") for text in document.no_number),
        *_accounts(document),
        *_exposures(document),
        *_tails(document),
        *_sales(document),
        *_classes(document),
        *_spirals(document),
        *_clustering(document),
        *_changes(document),
        *_feeds(document),
        *(Line("assumes", text) for text in document.assumes),
    ]


def account_rows(document: RiskDocument) -> tuple[list[str], list[list[object]]]:
    """(columns, one row an account) for the CSV form."""
    columns = [
        "deployment", "account_id", "owner", "equity_usd", "headroom_usd", "gross_usd", "leverage",
        "distance", "distance_sigmas", "headroom_sigmas", "coverage_alone", "coverage_together",
        "largest_leverage", "linear", "why_no_number",
    ]  # fmt: skip
    return columns, [[getattr(one, name) for name in columns] for one in document.accounts]


def _accounts(document: RiskDocument) -> list[Block]:
    """The accounts, a row each."""
    rows = tuple(_account(one) for one in document.accounts)
    note = (
        f"{len(rows)} of {document.accounts_total:,} accounts, the largest first"
        if len(rows) < document.accounts_total
        else ""
    )
    columns = (
        "account", "equity", "gross", "leverage", "distance", "in sigmas", "touch 1 d",
        "7 d", "30 d", "coverage", "all repay",
    )  # fmt: skip
    return [Grid("Accounts", columns, rows, frozenset(columns[1:]), note)] if rows else []


def _account(one: RiskAccount) -> tuple[str, ...]:
    """One row; a dash is something that there is not."""
    touch = {entry.horizon_days: entry.probability for entry in one.touch}
    already = one.distance == 0
    return (
        f"{one.deployment}/{one.account_id}",
        _usd(one.equity_usd),
        _usd(one.gross_usd),
        "-" if one.leverage is None else f"{one.leverage:.2f}x",
        "now" if one.distance == 0 else _share(one.distance, signed=True),
        "-" if one.distance_sigmas is None or already else f"{one.distance_sigmas:.1f}",
        *("already" if already else _share(touch.get(days)) for days in (1.0, 7.0, 30.0)),
        _times(one.coverage_alone),
        _times(one.coverage_together),
    )


def _exposures(document: RiskDocument) -> list[Block]:
    """What moves it."""
    rows = tuple(
        (
            one.factor,
            _usd(one.value_usd),
            f"{one.share:.1%}",
            "-" if one.beta is None else f"{one.beta:.2f} ± {one.beta_error or 0:.2f}",
            _share(one.daily_volatility),
        )
        for one in document.exposures
    )
    columns = ("factor", "net", "share", f"beta to {document.run.market}", "volatility a day")
    return [Grid("What moves it", columns, rows, frozenset(columns[1:]))] if rows else []


def _tails(document: RiskDocument) -> list[Block]:
    """VaR and ES beside the back-test of the method."""
    tests = {(one.method, one.level): one for one in document.backtests}
    rows = []
    for tail in document.tails:
        test = tests.get((tail.method, tail.level))
        rows.append(
            (
                f"{tail.method} {tail.level:.0%}",
                f"{_usd(tail.var_usd)} ± {_usd(tail.var_error_usd)}",
                f"{_usd(tail.es_usd)} ± {_usd(tail.es_error_usd)}",
                f"{tail.beyond} of {tail.observations:,}",
                "-" if test is None else f"{test.exceptions} ({test.expected:.1f})",
                "-" if test is None else f"{test.kupiec_p:.3f} / {test.conditional_p:.3f}",
                "not tested" if test is None else "failed" if test.failed else "not rejected",
            )
        )
    columns = (
        "method", "VaR", "ES", "days beyond", "exceptions (expected)", "p Kupiec / both",
        "back-test",
    )  # fmt: skip
    title = "What one step may cost"
    return [Grid(title, columns, tuple(rows), frozenset(columns[1:6]))] if rows else []


def _sales(document: RiskDocument) -> list[Block]:
    """Everybody sells."""
    rows = tuple(
        (
            one.factor,
            _usd(one.value_usd),
            f"{one.slippage:.1%}",
            _usd(one.unsold_usd),
            _share(one.threshold),
            _share(one.jump),
            _share(one.room, signed=True),
        )
        for one in document.sales
    )
    columns = ("factor", "sold", "slippage", "unsold", "threshold", "jump", "room for a bonus")
    note = (
        "Sold: by all accounts of all deployments together, not by the subject alone. room for a"
        " bonus: of what an account exactly at its threshold owes, how much a liquidator can be"
        " paid after a jump (the mean of its worst 1% of days, of few days the worst) and the"
        " slippage before the account is short; below zero: it is short before that"
    )
    title = "The whole market: if all who owe repay at once"
    return [Grid(title, columns, rows, frozenset(columns[1:]), note)] if rows else []


def _classes(document: RiskDocument) -> list[Block]:
    """The two classes."""
    rows = tuple(
        (
            one.name,
            f"{_usd(one.insolvency_usd)} ± {_usd(one.insolvency_error_usd)}",
            f"{_usd(one.liquidations_usd)} ± {_usd(one.liquidations_error_usd)}",
            f"{one.draws:,}",
            f"{one.unknown:,}",
        )
        for one in document.classes
    )
    columns = ("class", "VaR of insolvency", "LaR of liquidations", "draws", "unknown")
    note = "95th percentiles of one bad day, all deployments together, through the batch cascade"
    return [Grid("Bad days", columns, rows, frozenset(columns[1:]), note)] if rows else []


def _spirals(document: RiskDocument) -> list[Block]:
    """Where prices run by themselves; the whole curves are in the JSON form and in the snapshot."""
    rows = tuple(
        (
            one.factor,
            f"{one.largest:.3f}",
            f"-{one.largest_at:.0%}",
            "nowhere" if one.reaches_one is None else f"-{one.reaches_one:.0%}",
            *(f"{_kappa(one, fall)}" for fall in SHOWN),
        )
        for one in document.spirals
    )
    columns = ("factor", "kappa at most", "at", "by itself from", *(f"-{f:.0%}" for f in SHOWN))
    note = (
        "kappa: how much further the price falls for each bit that it falls alone, through what is"
        " sold by force; all deployments into one depth"
    )
    return [Grid("Loss spirals", columns, rows, frozenset(columns[1:]), note)] if rows else []


def _kappa(one: SpiralEntry, fall: float) -> str:
    """The curve at one fall."""
    return next((f"{p.kappa:.3f}" for p in one.points if abs(p.fall - fall) < 1e-9), "-")


def _clustering(document: RiskDocument) -> list[Block]:
    """Whether liquidations bring more of them."""
    rows = tuple(
        (
            one.deployment,
            f"{one.liquidations:,}",
            f"{one.moments:,}",
            f"{one.first:%Y-%m-%d} to {one.last:%Y-%m-%d}",
            "too few" if one.branching is None else _with_error(one),
            "-" if one.base_per_day is None else f"{one.base_per_day:.3g}",
            "-" if one.half_life_days is None else f"{one.half_life_days:.3g}",
            "-" if one.gain is None else f"{one.gain:.1f}",
        )
        for one in document.clustering
    )
    columns = (
        "deployment", "liquidations", "blocks", "between", "branching ratio", "of itself a day",
        "half-life, days", "gain",
    )  # fmt: skip
    note = "branching ratio: how many further ones each brings; what drives both is not told apart"
    title = "Indexed liquidations as a Hawkes process"
    return [Grid(title, columns, rows, frozenset(columns[1:]), note)] if rows else []


def _with_error(one: ClusteringEntry) -> str:
    """The branching ratio and its error."""
    error = "no error" if one.branching_error is None else f"{one.branching_error:.3f}"
    return f"{one.branching:.3f} ± {error}"


def _changes(document: RiskDocument) -> list[Block]:
    """Correlations that changed."""
    rows = tuple(
        (
            f"{one.first} / {one.second}",
            f"{one.at:%Y-%m-%d}",
            f"{one.before:+.2f}",
            f"{one.after:+.2f}",
            f"{one.p_value:.1e}",
        )
        for one in document.correlation_changes
    )
    columns = ("pair", "since", "before", "after", "p-value")
    title = "Correlations that changed"
    return [Grid(title, columns, rows, frozenset(columns[1:]))] if rows else []


def _feeds(document: RiskDocument) -> list[Block]:
    """Where prices come from the chain: how many, how stale, how late."""
    rows = tuple(
        (
            one.factor,
            f"{one.rounds:,}",
            f"{one.first:%Y-%m-%d %H:%M} to {one.last:%Y-%m-%d %H:%M}",
            f"{one.longest_silence_s:,} s",
            f"{one.lag_s:,.0f} s",
        )
        for one in document.data.feeds
    )
    columns = ("factor", "prices", "between", "longest silence", "age when used")
    title = "Prices from the index"
    return [Grid(title, columns, rows, frozenset(columns[1:]))] if rows else []


def _usd(value: float | None) -> str:
    """A figure for people."""
    return "unknown" if value is None else f"{value:,.0f}"


def _times(value: float | None) -> str:
    """How often what is owed is covered."""
    if value is None:
        return "-"
    return f"{value:.3f}" if value < MANY else f"> {MANY}"


def _share(value: float | None, *, signed: bool = False) -> str:
    """A share for people; a dash is none."""
    if value is None:
        return "-"
    return f"{value:+.1%}" if signed else f"{value:.2%}"
