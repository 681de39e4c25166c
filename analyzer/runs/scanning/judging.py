"""A scan's findings, and before them what only a liquidator's arithmetic shows: who pays nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.contagion.scenario import Liquidators
from analyzer.findings import run_detectors
from analyzer.findings.unprofitable_liquidation import DUST, THIN_MARKET
from analyzer.market.depth.choose import choose_curves
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.model.rows import Caution
from analyzer.protocols.registry import load_plug
from analyzer.runs.snapshot.books import ScanBook
from analyzer.solvency.result import ScanResult

if TYPE_CHECKING:
    from analyzer.contagion.cascade.unpaid import Unpaid


def judge(result: ScanResult) -> None:
    """Adds to a scan what its detectors need of the market, and their findings."""
    result.cautions = [*result.cautions, *unpaid_cautions(result)]
    result.findings = run_detectors(result)


def unpaid_cautions(result: ScanResult) -> list[Caution]:
    """A caution about every account that may be liquidated and that no rational liquidator would
    close, at default depth and costs; none of a protocol that has no simulation."""
    numbers = [n for n, row in enumerate(result.margin) if row.margin.liquidatable]
    if not numbers:
        return []
    # The cascade is as much to load as a protocol: after the reading, where somebody is in need.
    from analyzer.contagion.cascade.unpaid import unpaid
    from analyzer.runs.snapshot.venues import funds_among, venue_of

    liquidatable = [result.margin[number].margin.account_id for number in numbers]
    plug = load_plug(result.deployment.protocol)
    try:
        venue = venue_of(
            ScanBook(
                scan_id=result.scan_id,
                plug=plug,
                deployment=result.deployment,
                block=result.block,
                # Only these: a book in motion works its accounts out for itself.
                valued=plug.value(result.book.part(numbers), result.prices),
            ),
            funds_among(result.backstops, liquidatable),
        )
    except InputError:
        return []
    market = choose_curves({asset.factor for asset in result.book.assets}).market
    return [_caution(found) for found in unpaid(venue, market, liquidatable)]


def _caution(found: Unpaid) -> Caution:
    """What nobody is paid to close, with the terms that it was asked at."""
    amounts = {"value_e18": found.value_e18}
    if found.equity_e18 is not None:
        amounts |= {
            "left_bad_debt_e18": max(-found.equity_e18, 0),
            "equity_e18": found.equity_e18,
        }
    if found.gain_e18 is not None:
        amounts["gain_e18"] = found.gain_e18
    terms = Liquidators()
    return Caution(
        kind=DUST if found.dust else THIN_MARKET,
        account_id=found.account_id,
        market_id=None,
        text=_text(found),
        amounts=amounts,
        evidence={
            "gas": f"{float(terms.gas_usd):g} dollars a closure",
            "required return": f"{float(terms.required_return):g}",
            "depth": "; ".join(
                f"{pair.moves} against {pair.against}:"
                f" {_usd(pair.depth_usd)} within ten percent ({pair.kind}: {pair.source})"
                for pair in found.pairs
            )
            or "nothing has to be traded",
        },
    )


def _usd(amount: float | None) -> str:
    """An amount of dollars in words."""
    return "any amount" if amount is None else f"{amount:,.0f} dollars"


def _text(found: Unpaid) -> str:
    """The finding's title."""
    value = f"{found.value_e18 / WAD:,.2f}"
    if found.gain_e18 is None:
        return f"Nobody can close it: the market does not have what has to be bought for {value}"
    loss = f"{-found.gain_e18 / WAD:,.2f}"
    why = "gas and return cost more than it pays" if found.dust else "its market is too thin"
    return f"Closing {value} of it would lose a liquidator {loss}: {why}"
