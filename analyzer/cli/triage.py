"""`analyzer triage`: accept a finding with a reason, list what is accepted, take it back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from analyzer.cli.group import Verb, VerbGroup
from analyzer.cli.options import db_option, format_option
from analyzer.cli.show import show_entries
from analyzer.cli.terminal import note

AUTHOR_VARIABLE = "ANALYZER_AUTHOR"
"""Environment variable with the name that acceptances are given in."""


class Day(click.ParamType[date]):
    """A calendar day, 2027-01-31."""

    name = "day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """The day, or a usage error."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day (2027-01-31)", param, ctx)


@click.group(
    cls=VerbGroup,
    short_help="Accept findings with a reason.",
    examples=(
        "analyzer triage list --open --db scan.duckdb",
        "analyzer triage accept f82efef0c6f6151b --reason 'being wound down' --author me "
        "--db scan.duckdb",
    ),
)
def triage() -> None:
    """Accept findings with a reason, list what is accepted, take it back.

    Acceptances live in triage.toml, beside the snapshot or where --triage says. They name a
    finding by its fingerprint, which stays the same over blocks and versions. An accepted finding
    is still shown, with the reason, and does not count for --fail-on. It counts again after its
    last day, when it becomes more severe than it was, or larger than --up-to.
    """


@triage.command(
    cls=Verb,
    examples=(
        "analyzer triage accept f82efef0c6f6151b --reason 'being wound down' --author me "
        "--db scan.duckdb",
        "analyzer triage accept f82efe 51c3ab --reason 'dust' --author me --up-to 10.5 "
        "--expires 2027-01-31 --db scan.duckdb --triage accepted.toml",
    ),
)
@click.argument("fingerprints", nargs=-1, required=True, metavar="FINGERPRINT...")
@click.option("--reason", required=True, help="Why it is acceptable.")
@click.option(
    "--author",
    envvar=AUTHOR_VARIABLE,
    show_envvar=True,
    required=True,
    help="Who accepts it.",
)
@click.option("--expires", type=Day(), metavar="DAY", help="The last day on which it is accepted.")
@click.option(
    "--up-to",
    metavar="AMOUNT",
    help="Accept it only while its main amount is no larger than this.",
)
@db_option()
@click.option(
    "--triage", "file", type=click.Path(path_type=Path), metavar="FILE", help="The file to write."
)
def accept(
    *,
    fingerprints: tuple[str, ...],
    reason: str,
    author: str,
    expires: date | None,
    up_to: str | None,
    db: Path,
    file: Path | None,
) -> int:
    """Accept findings of a snapshot, each named by its fingerprint or the beginning of it."""
    from analyzer.runs.triage.triage import Terms, today
    from analyzer.runs.triage.triage import accept as run

    terms = Terms(reason, author, expires, up_to)
    for acceptance in run(db, fingerprints, terms, file=file, today=today()):
        where = f"{acceptance.deployment} {acceptance.about}".strip()
        note(f"accepted {acceptance.fingerprint}: {acceptance.detector}, {where}")
    return 0


@triage.command(
    "list",
    cls=Verb,
    examples=(
        "analyzer triage list --db scan.duckdb",
        "analyzer triage list --triage accepted.toml --json",
        "analyzer triage list --open --db scan.duckdb",
    ),
)
@click.option("--open", "open_", is_flag=True, help="List findings that are not accepted instead.")
@db_option(required=False)
@click.option(
    "--triage", "file", type=click.Path(path_type=Path), metavar="FILE", help="The file to read."
)
@format_option
def list_(*, open_: bool, db: Path | None, file: Path | None, format_: str, as_json: bool) -> int:
    """List the acceptances, with what each comes to in a snapshot.

    With --open: the findings of the snapshot that nobody has accepted, with their fingerprints.
    """
    from analyzer.documents.triage import ListedAcceptance, OpenFinding
    from analyzer.runs.triage.triage import accepted_document, open_document, today

    chosen = "json" if as_json else format_
    if open_:
        if db is None:
            raise click.UsageError("--open needs --db", click.get_current_context())
        found = open_document(db, named=file, today=today())
        show_entries(found, found.findings, OpenFinding, chosen)
        return 0
    if db is None and file is None:
        raise click.UsageError("Give --db, --triage or both", click.get_current_context())
    listed = accepted_document(db, file=_file(db, file), named=file is not None, today=today())
    show_entries(listed, listed.acceptances, ListedAcceptance, chosen)
    return 0


@triage.command(
    cls=Verb,
    examples=(
        "analyzer triage withdraw f82efef0c6f6151b --triage accepted.toml",
        "analyzer triage withdraw f82efe --db scan.duckdb",
    ),
)
@click.argument("fingerprints", nargs=-1, required=True, metavar="FINGERPRINT...")
@db_option(required=False)
@click.option(
    "--triage", "file", type=click.Path(path_type=Path), metavar="FILE", help="The file to change."
)
def withdraw(*, fingerprints: tuple[str, ...], db: Path | None, file: Path | None) -> int:
    """Take acceptances back: the findings count again."""
    from analyzer.runs.triage.triage import withdraw as run

    for acceptance in run(_file(db, file), fingerprints):
        note(f"withdrawn {acceptance.fingerprint}: {acceptance.detector}".rstrip(": "))
    return 0


def _file(db: Path | None, file: Path | None) -> Path:
    """The triage file that is meant."""
    from analyzer.runs.triage.file import triage_beside

    if file is not None:
        return file
    if db is None:
        raise click.UsageError("Give --db or --triage", click.get_current_context())
    return triage_beside(db)
