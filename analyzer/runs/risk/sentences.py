"""A profile in plain words: what would make the subject liquidatable, how likely, on what data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analyzer.documents.risk import RiskAccount, RiskDocument, TouchEntry

ASSUMES = (
    "positions stay as they are: nobody adds collateral, closes or withdraws",
    "figures here are float64 and estimates; the exact verdicts are those of the scan",
    "betas and covariances are those of the days named; what has not happened in them is in no"
    " figure",
    "what an account holds and owes of one asset is counted by the difference: in gross, leverage,"
    " coverage and what is sold",
    "volatilities weigh the last days most (EWMA, 0.94); betas, VaR and ES weigh all days alike",
    "probabilities are those of diffusions without jumps: a crash in one step comes on top",
    "every factor has one depth curve, its own against the unit of account",
)
"""What every profile assumes."""
OF_CLASSES = (
    "broad downturn and broken correlation are bad days already: they say nothing of how often one"
    " comes"
)
"""What a profile with the classes of bad days assumes beside it."""


NAMED = 5
"""Deployments whose block is said."""
APART = 0.01
"""From this probability on an account that no common move touches is said to be so by others."""
COMFORT = 10
"""From this coverage on nothing is said of it."""


def sentences_of(document: RiskDocument) -> RiskDocument:
    """The document with its sentences."""
    return replace(document, sentences=tuple(_sentences(document)))


def _sentences(document: RiskDocument) -> Iterator[str]:
    """One thing a sentence, what matters most first."""
    for block in document.blocks[:NAMED]:
        yield (
            f"Positions of {block.deployment} at block {block.number:,},"
            f" {block.time:%Y-%m-%d %H:%M} UTC."
        )
    if len(document.blocks) > NAMED:
        yield f"{len(document.blocks) - NAMED:,} further deployments stand in the JSON form."
    if document.run.subject == "protocol":
        yield from _protocol(document)
    else:
        for account in document.accounts[:3]:
            yield from _account(account, document)
    yield from _tails(document)
    if document.mix.value_usd:
        mix = document.mix
        yield (
            f"Of {usd(mix.value_usd)} pledged, {mix.stable:.0%} is stable, {mix.staking:.0%} staked"
            f" and {mix.volatile:.0%} volatile; the largest is {mix.largest}"
            f" ({mix.largest_share:.0%})."
        )
    for change in document.correlation_changes[:1]:
        yield (
            f"{change.first} and {change.second} correlate by {change.after:+.2f} since"
            f" {change.at:%Y-%m-%d}, before it by {change.before:+.2f}."
        )
    data = document.data
    yield (
        f"On {data.rows:,} steps of {_days(data.step_s)} from {data.first:%Y-%m-%d} to"
        f" {data.last:%Y-%m-%d} of {data.source}"
        + (f"; taken to stand still: {', '.join(data.still)}" if data.still else "")
        + (f"; without prices: {', '.join(data.missing)}" if data.missing else "")
        + "."
    )


def _account(account: RiskAccount, document: RiskDocument) -> Iterator[str]:
    """One account."""
    name = short_id(account.account_id)
    if account.why_no_number:
        yield f"{name}: {account.why_no_number}, so no probability is given."
        if min(account.equity_usd or 0.0, account.headroom_usd or 0.0) < 0:
            yield _where(name, account, document.run.market)
        return
    yield _where(name, account, document.run.market)
    under = account.headroom_usd is not None and account.headroom_usd < 0
    if account.touch and not under and account.at_some_prices:
        parts = [_touched(one) for one in account.touch]
        week = account.touch[1]
        yield (
            f"Probability of touching liquidation: {', '.join(parts)}; with volatility a tenth"
            f" higher {week.volatility_up:.2%} within {week.horizon_days:g} days"
            + (
                ""
                if week.swapped is None
                else f", with a quarter of the volatile collateral in stables {week.swapped:.2%}"
            )
            + "."
        )
    if account.largest_leverage is not None:
        yield (
            f"With this mix a leverage of {account.largest_leverage:.1f}x would be touched within"
            " seven days with a probability of one percent."
        )
    alone, together = account.coverage_alone, account.coverage_together
    if alone is not None and together is not None and together < COMFORT:
        yield (
            f"Selling all it holds pays {alone:.2f} of what it owes when it sells"
            f" alone, {together:.2f} when all repay at once."
        )


def _touched(touch: TouchEntry) -> str:
    """How likely one horizon is. Of no path at all the rule of three: what happens in none of n
    draws has, at 95 %, a probability below 3 / n."""
    within = f"within {_days(round(touch.horizon_days * 86_400))}"
    if touch.probability == 0.0:
        return f"none of {touch.paths:,} paths {within} (below {3 / touch.paths:.2%} at 95%)"
    return f"{touch.probability:.2%} {within} (standard error {touch.error:.2%})"


def _where(name: str, account: RiskAccount, market: str) -> str:
    """How far an account is from where it may be liquidated, or that it is there already."""
    equity, headroom = account.equity_usd, account.headroom_usd
    if equity is not None and equity < 0:
        return (
            f"{name} owes {usd(-equity)} more than it has: liquidating it in full leaves bad debt."
        )
    lever = "no leverage to speak of" if account.leverage is None else f"{account.leverage:.1f}x"
    if headroom is not None and headroom < 0:
        return (
            f"{name} ({lever}) is {usd(-headroom)} below its maintenance requirement at the"
            " block's prices: it may be liquidated now."
        )
    if account.distance is None:
        if not account.at_some_prices:
            return (
                f"{name} ({lever}): no prices make it liquidatable, for it owes nothing, or less"
                " than counts of what it holds of the same."
            )
        apart = any(one.probability >= APART for one in account.touch)
        return (
            f"{name} ({lever}): no move of {market}, all others moving with it by their betas,"
            f" makes it liquidatable{'; that they move apart may' if apart else ''}."
        )
    sigmas = account.distance_sigmas
    return (
        f"{name} ({lever}) is liquidatable when {market} moves by {account.distance:+.1%} and all"
        " others by their betas"
        + ("." if sigmas is None else f": {sigmas:.1f} daily volatilities.")
    )


def _protocol(document: RiskDocument) -> Iterator[str]:
    """A deployment."""
    lever = "" if document.leverage is None else f", {document.leverage:.1f}x its equity"
    yield (
        f"{document.accounts_total:,} accounts hold and owe {usd(document.gross_usd)} that prices"
        f" move{lever}; {document.accounts_unknown:,} are unknown."
    )
    for one in document.classes:
        yield (
            f"On a bad day of the class {one.name}, one in twenty costs at least"
            f" {usd(one.insolvency_usd)} (standard error {usd(one.insolvency_error_usd)}) of bad"
            f" debt and closes {usd(one.liquidations_usd)} ({usd(one.liquidations_error_usd)}),"
            f" all deployments of the snapshot together (95th percentiles of {one.draws:,} draws"
            f" from {one.days:,} dates)."
        )
    runs = [one for one in document.spirals if one.reaches_one is not None]
    for run in runs[:3]:
        yield (
            f"{run.factor} that falls by {run.reaches_one or 0:.0%} goes on falling by itself: what"
            " is sold by force moves it by as much again."
        )
    if not runs and document.spirals:
        worst = document.spirals[0]
        yield (
            f"No price runs by itself: the worst loss spiral is {worst.factor}'s, at"
            f" -{worst.largest_at:.0%} {worst.largest:.3f} further for each bit that it falls."
        )
    for cluster in document.clustering:
        if cluster.branching is not None:
            error = cluster.branching_error
            yield (
                f"Each of {cluster.liquidations:,} indexed liquidations brings"
                f" {cluster.branching:.2f} further ones (standard error"
                f" {'not known' if error is None else format(error, '.2f')})."
            )
    thin = [one for one in document.sales if one.room is not None and one.room < 0]
    for sale in thin[:3]:
        yield (
            f"{sale.factor}: after a jump of {sale.jump or 0:.0%} and {sale.slippage:.1%} slippage"
            f" the threshold of {sale.threshold or 0:.0%} leaves nothing for a liquidator."
        )


def _tails(document: RiskDocument) -> Iterator[str]:
    """VaR in words; a protocol's equity is not one purse."""
    if document.run.subject == "protocol":
        return
    for tail in document.tails:
        if tail.level == max(one.level for one in document.tails if one.method == tail.method):
            failed = " (this method failed its back-test here)" if tail.failed else ""
            yield (
                f"{tail.method.capitalize()} VaR of its equity at {tail.level:.0%} over"
                f" {_days(tail.horizon_s)}: {usd(tail.var_usd)} (standard error"
                f" {usd(tail.var_error_usd)}), ES {usd(tail.es_usd)} (standard error"
                f" {usd(tail.es_error_usd)}), from"
                f" {tail.observations:,} steps of {tail.first:%Y-%m-%d} to"
                f" {tail.last:%Y-%m-%d}{failed}."
            )


def _days(seconds: int) -> str:
    """A horizon in days."""
    return f"{seconds / 86_400:g} day{'' if seconds == 86_400 else 's'}"


def usd(value: float) -> str:
    """Dollars for people: three digits above a thousand are enough."""
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):,.1f} {unit} USD"
    return f"{value:,.2f} USD"


def short_id(account: str) -> str:
    """An address by its ends, as it is printed elsewhere."""
    return f"{account[:6]}…{account[-4:]}" if len(account) > 20 else account
