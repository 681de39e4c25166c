"""Efficiency-mode categories at the block, as the revision has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.logs.sources import ZERO_ADDRESS
from analyzer.protocols.aave_v3.revisions import EMode, EModeLtv
from analyzer.protocols.aave_v3.state.observe.market import MarketFacts
from analyzer.protocols.aave_v3.state.state import Category
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

_BITMAP_VIEWS = ("getEModeCategoryCollateralConfig", "getEModeCategoryCollateralBitmap")


def read_categories(
    pool: str, numbers: Iterable[int], market: MarketFacts
) -> Reading[dict[int, Category | Unreadable]]:
    """Every category that a log names; Unreadable where one of its numbers was not read."""
    wanted = sorted(numbers)
    if not wanted:
        return {}
    if market.rules.emode is EMode.ONE_CATEGORY:
        return (yield from _read_old(pool, wanted, market))
    return (yield from _read_bitmaps(pool, wanted, market))


def _read_old(
    pool: str, numbers: list[int], market: MarketFacts
) -> Reading[dict[int, Category | Unreadable]]:
    """Categories of revisions <= 4, then the prices of their price sources."""
    batch = Batch(ABI_FOLDER)
    asked = {n: batch.call("Pool", pool, "getEModeCategoryData", n, about=str(n)) for n in numbers}
    replies = yield from batch.read()
    found = {number: _old(replies, ticket, number) for number, ticket in asked.items()}
    prices = Batch(ABI_FOLDER)
    sources: dict[int, Ticket] = {}
    for number, category in found.items():
        if isinstance(category, Category) and category.price_source:
            source, about = category.price_source, f"eMode {number}"
            sources[number] = prices.call(
                "AaveOracle", market.oracle, "getAssetPrice", source, about=about
            )
    answers = yield from prices.read()
    for number, ticket in sources.items():
        category = found[number]
        if isinstance(category, Category):
            found[number] = replace(category, price=answers.number(ticket))
    return found


def _old(replies: Replies, ticket: Ticket, number: int) -> Category | Unreadable:
    """One category: a struct of LTV, threshold, bonus, price source and label."""
    value = replies.value(ticket)
    if isinstance(value, Unreadable):
        return value
    if not isinstance(value, tuple):
        raise TypeError("getEModeCategoryData does not return a struct")
    ltv, threshold, bonus, source, label = value
    return Category(
        number,
        int(ltv),
        int(threshold),
        int(bonus),
        label=str(label),
        price_source="" if source == ZERO_ADDRESS else str(source),
    )


def _read_bitmaps(
    pool: str, numbers: list[int], market: MarketFacts
) -> Reading[dict[int, Category | Unreadable]]:
    """Categories of revisions >= 5."""
    views = [*_BITMAP_VIEWS]
    if market.rules.emode_ltv is EModeLtv.UNLESS_LTV_ZERO:
        views.append("getEModeCategoryLtvzeroBitmap")
    if market.rules.emode_isolation:
        views.append("getIsEModeCategoryIsolated")
    batch = Batch(ABI_FOLDER)
    asked = {
        number: {view: batch.call("Pool", pool, view, number, about=str(number)) for view in views}
        for number in numbers
    }
    labels = {
        number: batch.call("Pool", pool, "getEModeCategoryLabel", number, about=str(number))
        for number in numbers
    }
    replies = yield from batch.read()
    found: dict[int, Category | Unreadable] = {}
    for number, tickets in asked.items():
        category = _bitmap(replies, tickets, number)
        if isinstance(category, Category):
            label = replies.optional_text(labels[number]) or ""
            category = replace(category, label=label)
        found[number] = category
    return found


def _bitmap(replies: Replies, tickets: dict[str, Ticket], number: int) -> Category | Unreadable:
    """One category from its views; the first that failed is the reason."""
    values = {view: replies.value(ticket) for view, ticket in tickets.items()}
    for value in values.values():
        if isinstance(value, Unreadable):
            return value
    numbers = values[_BITMAP_VIEWS[0]]
    if not isinstance(numbers, tuple):
        raise TypeError(f"{_BITMAP_VIEWS[0]} does not return a struct")
    ltv, threshold, bonus = numbers
    ltv_zero = values.get("getEModeCategoryLtvzeroBitmap", 0)
    bitmap = values[_BITMAP_VIEWS[1]]
    return Category(
        number,
        int(ltv),
        int(threshold),
        int(bonus),
        collateral_bitmap=bitmap if isinstance(bitmap, int) else 0,
        ltv_zero_bitmap=ltv_zero if isinstance(ltv_zero, int) else 0,
        isolated=bool(values.get("getIsEModeCategoryIsolated", False)),
    )
