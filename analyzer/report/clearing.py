"""Clearing risk and the economics of liquidations as pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.documents.clearing import (
    ClearingDocument,
    ImportanceDocument,
    LiquidationsDocument,
)
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.money import short


def clearing_page(document: ClearingDocument) -> list[Block]:
    """The fund, whom it outlasts, and on whom all hangs."""
    ratio = document.fund_to_open_interest
    part = "" if ratio is None else f", {ratio:.2%} of open interest"
    return [
        Heading(f"Clearing risk of {document.run.deployment}"),
        *(Line("clearing", text) for text in document.sentences),
        Line("fund", f"{short(document.fund_e18)}{part}"),
        *_covers(document),
        *_shares(document),
        *_winners(document),
        *_owners(document),
        *(Line("assumes", text) for text in document.assumes),
    ]


def _covers(document: ClearingDocument) -> list[Block]:
    """One row a set of scenarios."""
    rows = tuple(
        (
            one.scenarios,
            f"{one.cover_1_usd:,.0f}",
            f"{one.cover_2_usd:,.0f}",
            f"{one.worst_usd:,.0f}",
            f"{one.mean_usd:,.0f}",
            "unknown" if one.exhausted is None else f"{one.exhausted:.1%} ± {one.error or 0:.1%}",
            f"{one.count:,}",
        )
        for one in document.covers
    )
    columns = ("scenarios", "Cover-1", "Cover-2", "worst", "mean", "fund exhausted", "count")
    note = "USD before any waterfall; exhausted: share of scenarios ± its standard error"
    return [Grid("The fund against bad debt", columns, rows, frozenset(columns[1:]), note)]


def _shares(document: ClearingDocument) -> list[Block]:
    """The largest part of what everything hangs on."""
    rows = tuple((one.what, one.name, f"{one.share:.1%}") for one in document.shares)
    columns = ("what", "the largest", "share")
    return [Grid("On whom it hangs", columns, rows, frozenset(("share",)))] if rows else []


def _winners(document: ClearingDocument) -> list[Block]:
    """Who would pay by which rule."""
    rows = tuple(
        (
            one.scenarios, one.rule, f"{one.budget_usd:,.0f}", f"{one.paid_usd:,.0f}",
            f"{one.payers:,}", f"{one.most_usd:,.0f} {one.largest}", f"{one.moved_usd:,.0f}",
        )
        for one in document.winners
    )  # fmt: skip
    columns = ("worst of", "rule", "deficit", "paid", "payers", "the most", "against pro rata")
    note = "USD; winners by prices alone, as if each rule were the protocol's"
    title = "Who would pay if winners were deleveraged"
    return [Grid(title, columns, rows, frozenset(columns[2:]), note)] if rows else []


def _owners(document: ClearingDocument) -> list[Block]:
    """Owners by what their rescue saves."""
    rows = tuple(
        (
            one.owner,
            f"{one.gross_usd:,.0f}",
            f"{one.saved_usd:,.0f}",
            "-" if one.shapley_usd is None else f"{one.shapley_usd:,.0f}",
        )
        for one in document.owners
    )
    columns = ("owner", "gross", "saved by its rescue", "Shapley")
    note = f"mean bad debt of {document.draws:,} broad downturns; the largest owners alone"
    title = "Which owners matter"
    return [Grid(title, columns, rows, frozenset(columns[1:]), note, frozenset(("owner",)))]


def clearing_rows(document: ClearingDocument) -> tuple[list[str], Sequence[Sequence[Any]]]:
    """(columns, a row a set of scenarios) for the CSV form."""
    columns = [
        "scenarios", "cover_1_usd", "cover_2_usd", "covered_1", "covered_2", "worst_usd",
        "mean_usd", "exhausted", "error", "count", "unknown",
    ]  # fmt: skip
    return columns, [[getattr(one, name) for name in columns] for one in document.covers]


def importance_page(document: ImportanceDocument) -> list[Block]:
    """Who matters to all deployments together, and what they share."""
    rows = tuple(
        (
            one.owner,
            f"{one.gross_usd:,.0f}",
            f"{one.saved_usd:,.0f}",
            "-" if one.shapley_usd is None else f"{one.shapley_usd:,.0f}",
            ", ".join(one.deployments),
            "-" if one.overlap is None else f"{one.overlap:.2f} {one.nearest_owner}",
        )
        for one in document.owners
    )
    names = ("owner", "gross USD", "saved USD", "Shapley USD", "where", "most like")
    note = f"mean bad debt of {document.draws:,} broad downturns; the largest owners alone"
    shared = tuple(
        (one.first, one.second, f"{one.overlap:.2f}", ", ".join(one.factors), f"{one.owners:,}")
        for one in document.overlaps
    )
    columns = ("deployment", "and", "likeness", "both hold", "owners in both")
    right = frozenset(("likeness", "owners in both"))
    return [
        Heading(f"Importance over {document.run.deployment}"),
        *(Line("importance", text) for text in document.sentences),
        *([Grid("Which owners matter", names, rows, frozenset(names[1:4]), note,
                frozenset(("owner", "most like")))] if rows else []),
        *([Grid("What deployments share", columns, shared, right)] if shared else []),
        *(Line("assumes", text) for text in document.assumes),
    ]  # fmt: skip


def importance_rows(document: ImportanceDocument) -> tuple[list[str], Sequence[Sequence[Any]]]:
    """(columns, a row an owner) for the CSV form."""
    columns = [
        "owner", "gross_usd", "saved_usd", "shapley_usd", "deployments", "nearest_owner", "overlap",
    ]  # fmt: skip
    rows = [[getattr(one, name) for name in columns] for one in document.owners]
    return columns, [[" ".join(v) if isinstance(v, tuple) else v for v in row] for row in rows]


def liquidations_page(document: LiquidationsDocument) -> list[Block]:
    """What liquidators earn, the best account first."""
    ranked = sorted(
        document.accounts, key=lambda one: (one.profit_e18 is None, -(one.profit_e18 or 0))
    )
    rows = tuple(
        (
            one.account_id,
            one.when,
            short(one.equity_e18),
            short(one.offered_e18),
            short(one.taken_e18),
            "-" if one.bonus_e18 is None else short(one.bonus_e18),
            "pays nobody" if one.profit_e18 is None else short(one.profit_e18),
            "dust" if one.dust else "",
        )
        for one in ranked
    )
    columns = ("account", "when", "equity", "offered", "taken", "bonus", "profit", "")
    note = "settlement currency; profit: after slippage, gas and return, as if it came first"
    right = frozenset(columns[2:7])
    return [
        Heading(f"Liquidations of {document.run.deployment}"),
        *(Line("liquidations", text) for text in document.sentences),
        *([Grid("What they earn", columns, rows, right, note, frozenset(("account",)))]
          if rows else []),
        *(Line("assumes", text) for text in document.assumes),
    ]  # fmt: skip


def liquidations_rows(
    document: LiquidationsDocument,
) -> tuple[list[str], Sequence[Sequence[Any]]]:
    """(columns, a row an account) for the CSV form."""
    columns = [
        "account_id", "when", "equity_e18", "offered_e18", "taken_e18", "bonus_e18", "profit_e18",
        "dust", "left_e18",
    ]  # fmt: skip
    return columns, [[getattr(one, name) for name in columns] for one in document.accounts]
