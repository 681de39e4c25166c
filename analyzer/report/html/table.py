"""The table of all accounts beside a report: every one of them, every amount in full."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.report import ReportedScan
from analyzer.report.csv_text import csv_text
from analyzer.report.html.selection import all_accounts
from analyzer.report.money import fixed
from analyzer.solvency.verdicts import headroom_e18

HEAD = (
    "scan_id", "protocol", "deployment", "chain_id", "block_number", "account_id", "owner",
    "verdict", "status", "equity", "margin_equity", "initial_margin", "maintenance_margin",
    "free_collateral", "headroom", "settled_equity", "collateral_liquidatable", "verified",
    "reason",
)  # fmt: skip
"""Columns. Amounts are decimals of the settlement currency with all 18 digits; empty = unknown."""


def accounts_csv(scans: Sequence[ReportedScan]) -> str:
    """One row an account, scan by scan, unsafe ones first, then by nearness to liquidation."""
    rows = []
    for account in all_accounts(scans):
        scan, row = scans[account.scan], account.row
        margin = row.margin
        amounts = (
            margin.equity_e18,
            margin.margin_equity_e18,
            margin.initial_margin_e18,
            margin.maintenance_margin_e18,
            margin.free_collateral_e18,
            headroom_e18(margin),
            margin.settled_equity_e18,
        )
        rows.append(
            (
                scan.scan_id, scan.protocol, scan.deployment, scan.chain_id,
                scan.block.number, margin.account_id, margin.owner, row.verdict.value,
                margin.status, *("" if value is None else fixed(value) for value in amounts),
                _flag(margin.collateral_liquidatable), _flag(row.verified), row.reason,
            )
        )  # fmt: skip
    return csv_text(HEAD, rows)


def _flag(value: bool | None) -> str:
    """`true`, `false`, or empty where there is no answer."""
    return "" if value is None else str(value).lower()
