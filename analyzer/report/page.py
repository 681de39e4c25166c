"""A document as a page for people: lines and grids, in the order in which they answer.

The page is made once; `table` draws it for a terminal and `markdown` for a text file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from analyzer.documents.book import BookDocument, BookTable
from analyzer.documents.findings import WeighedFinding
from analyzer.documents.scan import (
    Evidence,
    JudgedDocument,
    Scan,
    ScanRun,
    Total,
    Verification,
)
from analyzer.findings.selection import selection_words
from analyzer.model.selection import Selection
from analyzer.report.answer import answer_lines, matter_lines
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.finding_blocks import FINDING_ROWS, count_of, finding_blocks, triage_lines
from analyzer.report.links import link_of
from analyzer.report.money import fixed, short
from analyzer.report.places import moment_text, place_text
from analyzer.report.proofs import proof_lines

__all__ = ["FINDING_ROWS", "Block", "Grid", "Heading", "Line", "not_read", "page", "scan_blocks"]

MISMATCH_ROWS = 25
"""How many divergences a page lists; JSON holds all of them."""


def page(document: JudgedDocument) -> list[Block]:
    """The blocks of a whole document, scan by scan; divergences of all at the end."""
    blocks: list[Block] = []
    for scan in document.scans:
        found = [f for f in document.findings if f.scan_id == scan.scan_id]
        blocks += scan_blocks(scan, found)
    if isinstance(document, BookDocument):
        blocks[1:1] = _table_lines(document.book)
    blocks += _evidence(document.run.evidence if isinstance(document.run, ScanRun) else None)
    blocks += triage_lines(document.triage)
    return [*blocks, *_mismatches(document.verification)]


def scan_blocks(scan: Scan, findings: Sequence[WeighedFinding]) -> list[Block]:
    """The blocks of one scan: the answer first, then what is wrong, then what it rests on."""
    place = place_text(scan.chain_id, scan.block)
    when = moment_text(scan.chain_id, scan.block)
    heading = f"{scan.protocol} · {scan.deployment} · {place} ({when})"
    return [
        Heading(heading),
        *answer_lines(scan),
        *_totals_line(scan),
        *matter_lines(scan),
        *proof_lines(scan.certificate),
        *_verdicts(scan),
        *_worst(scan),
        *_linked(scan, finding_blocks(findings), findings),
        *_totals(scan),
        *(Line("Not read", text, "doubt") for text in not_read(scan)),
        *(Line("Not looked for", text, "doubt") for text in not_looked_for(scan)),
    ]


def _table_lines(book: BookTable) -> list[Block]:
    """What a book was made of, and how much is missing under its thresholds, to the last digit."""
    files = f"{book.positions}, prices of {book.prices}, rules of {book.rules}"
    held = f"{count_of(book.rows, 'row')}, {count_of(book.accounts, 'account')}"
    lacking = f"{fixed(book.lacking_e18, 18)} {book.unit}"
    short_of = (
        f"{count_of(book.below_maintenance, 'account')} lack {lacking} under their thresholds"
    )
    return [
        Line("Table", f"{files}: {held} of {count_of(book.owners, 'owner')}, in {book.unit}"),
        Line("Short", short_of, "bad" if book.below_maintenance else "good"),
        *(Line("Note", text, "doubt") for text in book.notes),
    ]


def not_looked_for(scan: Scan) -> list[str]:
    """What findings of a scan leave out because a user said so, a sentence each."""
    return selection_words(Selection(frozenset(scan.detectors_off), scan.thresholds))


def _evidence(evidence: Evidence | None) -> list[Block]:
    """Whether the recording's own findings came out again."""
    if evidence is None:
        return []
    recorded, this = evidence.recorded_version, evidence.this_version
    by = f"version {recorded}" + ("" if recorded == this else f"; this is version {this}")
    if evidence.findings == "same":
        tone = "good" if recorded == this else "plain"
        return [Line("Evidence", f"the recording's own findings came out again ({by})", tone)]
    text = f"findings {evidence.findings}: {evidence.why} (recorded by {by})"
    return [Line("Evidence", text, "bad" if evidence.findings == "differ" else "doubt")]


def _linked(scan: Scan, blocks: Sequence[Block], findings: Sequence[WeighedFinding]) -> list[Block]:
    """The blocks of findings, their accounts leading to the chain's explorer."""
    links = account_links(scan.explorer, (f.account_id for f in findings if f.account_id))
    return [replace(b, links=links) if isinstance(b, Grid) and links else b for b in blocks]


def account_links(explorer: str | None, accounts: Iterable[str]) -> dict[str, str]:
    """Address -> where it can be looked up, of those that are addresses."""
    return {account: link for account in accounts if (link := link_of(explorer, account))}


def _verdicts(scan: Scan) -> list[Block]:
    verdicts = scan.verdicts
    also = scan.solvency.collateral_liquidatable_accounts
    note = f"{count_of(also, 'account')} may have collateral liquidated." if also else ""
    columns = tuple(verdict.replace("_", " ") for verdict in verdicts)
    row = tuple(f"{count:,}" for count in verdicts.values())
    return [Grid("Verdicts", columns, (row,), frozenset(columns), note)]


def _worst(scan: Scan) -> list[Block]:
    rows = []
    for account in scan.worst_accounts:
        equity = account.margin_equity_e18
        maintenance = account.maintenance_margin_e18
        headroom = None if equity is None or maintenance is None else equity - maintenance
        rows.append(
            (
                account.account_id,
                account.verdict.replace("_", " "),
                short(account.equity_e18),
                short(maintenance),
                short(headroom),
                _verified(account.verified),
            )
        )
    if not rows:
        return []
    unit = scan.solvency.scale.money or "the settlement currency"
    columns = ("account", "verdict", "equity", "maintenance", "headroom", "verified")
    return [
        Grid(
            "Worst accounts",
            columns,
            tuple(rows),
            frozenset(columns[2:5]),
            f"Headroom = margin equity - maintenance margin. Amounts in {unit}.",
            whole=frozenset({"account"}),
            links=account_links(
                scan.explorer, [account.account_id for account in scan.worst_accounts]
            ),
        )
    ]


def _totals_line(scan: Scan) -> list[Block]:
    """How many control totals hold."""
    totals = scan.totals
    if not totals:
        return [Line("Totals", "none: nothing proves that the accounts are all there are", "doubt")]
    hold = sum(1 for total in totals if total.holds)
    exact = sum(1 for total in totals if total.difference == 0)
    off = any(total.holds is False for total in totals)
    tone = "bad" if off else ("good" if hold == len(totals) else "doubt")
    text = (
        f"{hold} of {count_of(len(totals), 'control total')} hold, {exact} of them to the last unit"
    )
    silent = sum(1 for total in totals if total.holds is None)
    if silent:
        text += f"; {silent} not compared, which counts as not held"
    return [Line("Totals", text, tone)]


def _totals(scan: Scan) -> list[Block]:
    """The control totals that are not met to the last unit, with the reason."""
    rows = tuple(
        (
            total.name,
            "not read" if total.difference is None else str(total.difference),
            str(total.allowed),
            {True: "holds", False: "OFF", None: "not read"}[total.holds],
            _because(total),
        )
        for total in scan.totals
        if total.difference != 0
    )
    columns = ("total", "difference", "allowed", "", "because")
    note = "Differences in the smallest unit of each total; `control_totals` lists all identities."
    return [Grid("Control totals", columns, rows, frozenset(columns[1:3]), note)] if rows else []


def _because(total: Total) -> str:
    """Why a difference is no fault, or the identity that does not hold."""
    if not total.holds or total.difference is None:
        return total.identity
    if abs(total.difference) > total.allowed:
        return f"the chain holds more than the accounts claim; {total.why}"
    return total.why


def _mismatches(verification: Verification) -> list[Block]:
    details = verification.details
    if not details:
        return []
    rows = tuple(
        (
            check.account_id or check.market or "deployment",
            f"{check.contract}.{check.field}",
            check.expected,
            check.actual or "",
        )
        for check in details[:MISMATCH_ROWS]
    )
    left = len(details) - len(rows)
    note = f"{left:,} more in --format json." if left > 0 else ""
    columns = ("about", "field", "rebuilt", "contract")
    right, whole = frozenset(columns[2:]), frozenset({"about"})
    return [Grid("Divergence from the contract", columns, rows, right, note, whole)]


def not_read(scan: Scan) -> list[str]:
    """What one scan could not read, one text a kind; empty when everything was read."""
    texts = [
        f"{read.what} ({read.purpose}): {read.not_read:,} of {read.requested:,}, "
        f"e.g. {read.example}"
        for read in scan.reads
        if read.not_read
    ]
    texts += [f"control total {t.name}" for t in scan.totals if t.holds is None]
    texts += [
        f"implementation of {row.role}: {row.status}"
        for row in scan.implementations
        if row.status == "not recorded"
    ]
    return texts


def _verified(verified: bool | None) -> str:
    return {True: "yes", False: "DIFFERS", None: "not compared"}[verified]
