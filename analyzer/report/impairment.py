"""A token's lost backing as a page: what is gone, and who bears it under each allocation."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.documents.contagion import ContagionDocument, ImpairmentEntry
from analyzer.report.page import Block, Grid, Line
from analyzer.report.places import chain_text
from analyzer.report.stress import whole

_NOTE = (
    "Every column sums to the same loss. lenders: after the equity of holders and the backstops."
    " At the block's prices, before anybody reacts."
)


def impairment_blocks(document: ContagionDocument) -> list[Block]:
    """The loss, bad debt at both prices, and the allocations side by side; nothing without one."""
    found = document.impairment
    if found is None:
        return []
    where = "everywhere" if found.where == "all" else f"in {found.where}"
    feeds = "do not hear of it" if found.oracle == "stands" else "follow"
    text = (
        f"{found.share:.4%} of the backing of {found.asset} is gone {where}, feeds {feeds}:"
        f" {whole(found.total_e18)} lost by who has it, {whole(found.gained_e18)} gained by who"
        f" owes it; {found.unknown:,} accounts unknown"
    )
    results = document.scenario.results
    protocol = sum(result.bad_debt_after_e18 for result in results)
    market = sum(result.bad_debt_after_market_e18 for result in results)
    debt = f"{whole(protocol)} at the protocol's prices, {whole(market)} at the market's"
    return [
        Line("Impairment", text, "bad" if found.total_e18 else "plain"),
        Line("Bad debt", debt, "bad" if market else "good"),
        *_grids(found),
    ]


def _grids(found: ImpairmentEntry) -> list[Block]:
    """Who bears it, by reserve and backstop; and by chain, where there are several."""
    if not found.parts:
        return []
    rules = tuple(found.parts[0].amounts_e18)
    rows = [
        (part.bears, part.name, part.deployment, *_cells(part.amounts_e18[r] for r in rules))
        for part in found.parts
    ]
    rows.append(("all", "", "", *_cells([found.total_e18] * len(rules))))
    columns = ("bears", "reserve or layer", "deployment", *rules)
    title = f"Who bears the loss of {found.asset}"
    blocks: list[Block] = [Grid(title, columns, tuple(rows), frozenset(rules), _NOTE)]
    if len(found.chains) > 1:
        chains = tuple(
            (chain_text(chain.chain_id), *_cells(chain.amounts_e18[r] for r in rules))
            for chain in found.chains
        )
        blocks.append(Grid("The same by chain", ("chain", *rules), chains, frozenset(rules), ""))
    return blocks


def _cells(amounts: Iterable[int]) -> list[str]:
    """Amounts as the page shows them."""
    return [whole(amount) for amount in amounts]
