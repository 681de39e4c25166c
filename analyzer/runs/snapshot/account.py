"""`account`: one account's margin statement, from a snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from analyzer import __version__
from analyzer.documents.account import StatementDocument, StatementEntry
from analyzer.documents.envelope import Run
from analyzer.documents.scan import Block
from analyzer.model.errors import ExitCode, InputError
from analyzer.protocols.registry import name_among
from analyzer.runs.snapshot.statements import statement_lines
from analyzer.store.reader import Snapshot, open_snapshot

_NEAREST = 3
_SEPARATOR = "/"

_CUT = re.compile("…|\\.\\.\\.?")
"""Where an abbreviation leaves signs out, as it is printed (`0x5F94…a6A5`) or typed."""
_BEGINNING = re.compile(r"0x[0-9a-f]*")
"""What may name an account by its beginning. A number may not: account 12 is not account 123."""
_LISTED = 10
"""How many candidates an error lists."""

_FIND = (
    "SELECT s.deployment, s.protocol, s.chain_id, s.block_number, s.block_hash, s.block_time,"
    " m.scan_id, m.account_id, m.owner, m.verdict, m.reason, m.status, m.verified"
    " FROM margin m JOIN scans s USING (scan_id) WHERE ({0})"
    " AND ($deployment = '' OR s.deployment = $deployment) ORDER BY s.deployment, m.account_id"
)
_IS = "lower({0}) = $account"
_FITS = (
    "(starts_with(lower({0}), $head) AND ends_with(lower({0}), $tail)"
    " AND length({0}) >= length($head) + length($tail))"
)


def account(db: Path, account_id: str) -> StatementDocument:
    """The statement of an account, or of `DEPLOYMENT/ACCOUNT` where several deployments of the
    snapshot know it.

    account_id, in any case: the account; else its only owner's address; else the beginning of one
    of them, or its ends as they are printed (`0x5F94…a6A5`), if no other has them.

    Raises: InputError when there is no such account, with the nearest names there are, and when
    several fit, with their names; where its statement was left out, for a book that cannot be
    used.
    """
    with open_snapshot(db) as snapshot:
        found = _only(snapshot, db, account_id)
        return _statement(found, _lines(snapshot, found))


def named_account(db: Path, account_id: str) -> tuple[str, str]:
    """(deployment, account) of the one that a text names, as in `account`. Raises: InputError as
    there."""
    with open_snapshot(db) as snapshot:
        found = _only(snapshot, db, account_id)
        return str(found["deployment"]), str(found["account_id"])


def _only(snapshot: Snapshot, db: Path, account_id: str) -> dict[str, Any]:
    """The row of the one account that a text names. Raises: InputError as `account`."""
    deployment, _, bare = account_id.strip().rpartition(_SEPARATOR)
    if deployment:
        _, known = snapshot.query("SELECT deployment FROM scans")
        deployment = name_among(deployment, [str(row[0]) for row in known])
    found = _named(snapshot, bare, deployment)
    if not found:
        raise InputError(_unknown(snapshot, bare, db))
    if len(found) > 1:
        names = [f"{f['deployment']}{_SEPARATOR}{f['account_id']}" for f in found]
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        raise InputError(
            f"{len(names)} accounts of {db} are named by '{bare}': name one of"
            f" {', '.join(names[:_LISTED])}{more}"
        )
    return found[0]


def _named(snapshot: Snapshot, text: str, deployment: str) -> list[dict[str, Any]]:
    """The accounts that a text names: by the narrowest meaning by which it names any."""
    text = text.lower()
    for column in ("m.account_id", "m.owner"):
        found = _found(snapshot, _IS.format(column), {"account": text, "deployment": deployment})
        if found:
            return found
    head, *tail = _CUT.split(text, maxsplit=1)
    if not tail and not _BEGINNING.fullmatch(text):
        return []
    ends = {"head": head, "tail": "".join(tail), "deployment": deployment}
    either = " OR ".join(_FITS.format(column) for column in ("m.account_id", "m.owner"))
    return _found(snapshot, either, ends)


def _found(snapshot: Snapshot, where: str, values: dict[str, object]) -> list[dict[str, Any]]:
    """The rows of accounts that a condition holds for, by deployment and account."""
    columns, rows = snapshot.query(_FIND.format(where), values)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _statement(found: dict[str, Any], lines: Iterable[StatementEntry]) -> StatementDocument:
    """The statement of an account that was found."""
    return StatementDocument(
        run=Run(__version__, int(ExitCode.CLEAN)),
        protocol=found["protocol"],
        deployment=found["deployment"],
        chain_id=found["chain_id"],
        block=Block(found["block_number"], found["block_hash"], found["block_time"]),
        account_id=found["account_id"],
        owner=found["owner"],
        verdict=found["verdict"],
        reason=found["reason"],
        status=found["status"],
        verified=found["verified"],
        lines=tuple(lines),
    )


def _lines(snapshot: Snapshot, found: dict[str, Any]) -> list[StatementEntry]:
    """The lines of the statement, in order."""
    return [
        StatementEntry(line.section, line.label, line.amount, line.unit, line.source)
        for line in statement_lines(snapshot, found["scan_id"], [found["account_id"]])
    ]


def _unknown(snapshot: Snapshot, account_id: str, db: Path) -> str:
    """What to say of an account that the snapshot does not have."""
    _, rows = snapshot.query(
        "SELECT account_id, count(*) OVER () FROM (SELECT DISTINCT account_id FROM margin)"
        " ORDER BY levenshtein(lower(account_id), lower($account)), account_id LIMIT $nearest",
        {"account": account_id, "nearest": _NEAREST},
    )
    text = f"there is no account '{account_id}' in {db} ({rows[0][1] if rows else 0} accounts)"
    return text + (f"; nearest: {', '.join(name for name, _ in rows)}" if rows else "")
