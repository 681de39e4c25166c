"""`account`: one account's margin statement, from a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.model.errors import InputError
from analyzer.model.rows import StatementLine
from analyzer.store.reader import Snapshot, open_snapshot
from analyzer.store.wide import join

_NEAREST = 3
_SEPARATOR = "/"

_FIND = (
    "SELECT s.deployment, s.protocol, s.chain_id, s.block_number, s.block_hash, s.block_time,"
    " m.scan_id, m.account_id, m.owner, m.verdict, m.reason, m.status, m.verified"
    " FROM margin m JOIN scans s USING (scan_id) WHERE lower(m.account_id) = lower($account)"
    " AND ($deployment = '' OR s.deployment = $deployment) ORDER BY s.deployment"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A margin statement. header: protocol, deployment, chain_id, block {number, hash, time},
    account_id, owner, verdict, reason, status, verified."""

    header: dict[str, Any]
    lines: list[StatementLine]


def account(db: Path, account_id: str) -> Statement:
    """The statement of an account (any case), or of `DEPLOYMENT/ACCOUNT` where several
    deployments of the snapshot know it.

    Raises: InputError when there is no such account, with the nearest names there are.
    """
    with open_snapshot(db) as snapshot:
        deployment, _, bare = account_id.strip().rpartition(_SEPARATOR)
        columns, rows = snapshot.query(_FIND, {"account": bare, "deployment": deployment})
        if not rows:
            raise InputError(_unknown(snapshot, bare, db))
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        if len(found) > 1:
            names = ", ".join(f"{f['deployment']}{_SEPARATOR}{f['account_id']}" for f in found)
            raise InputError(f"several deployments have account {bare}: name one of {names}")
        return Statement(_header(found[0]), _lines(snapshot, found[0]))


def _header(found: dict[str, Any]) -> dict[str, Any]:
    """The head of the statement."""
    return {
        "protocol": found["protocol"],
        "deployment": found["deployment"],
        "chain_id": found["chain_id"],
        "block": {
            "number": found["block_number"],
            "hash": found["block_hash"],
            "time": found["block_time"],
        },
        "account_id": found["account_id"],
        "owner": found["owner"],
        "verdict": found["verdict"],
        "reason": found["reason"],
        "status": found["status"],
        "verified": found["verified"],
    }


def _lines(snapshot: Snapshot, found: dict[str, Any]) -> list[StatementLine]:
    """The lines of the statement, in order."""
    _, rows = snapshot.query(
        "SELECT section, label, amount, amount_overflow, unit, source FROM statements"
        " WHERE scan_id = ? AND account_id = ? ORDER BY line_no",
        [found["scan_id"], found["account_id"]],
    )
    return [
        StatementLine(found["account_id"], section, label, join(amount, wide), unit, source)
        for section, label, amount, wide, unit, source in rows
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
