"""`analyzer account`: one account's margin statement."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.options import db_option, format_option
from analyzer.cli.show import show_statement


@verb(
    "analyzer account 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --db scan.duckdb",
    "analyzer account 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 --db scan.duckdb --json",
    "analyzer account 0x7099…79C8 --db scan.duckdb",
    short_help="Show one account's margin statement.",
)
@click.argument("account_id", metavar="ID")
@db_option()
@format_option
def account(*, account_id: str, db: Path, format_: str, as_json: bool) -> int:
    """Show an account's margin statement, line by line, with the source of each number.

    ID is the account as the snapshot names it, an address (in any case) or a number; its owner; or
    the beginning of an address, or its ends as they are printed, if only one account has them.
    """
    from analyzer.runs.snapshot.account import account as load

    show_statement(load(db, account_id), "json" if as_json else format_)
    return 0
