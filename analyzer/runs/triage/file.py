"""The triage file: accepted findings as TOML that people read, edit and keep under version control.

    [[accepted]]
    fingerprint = "f82efef0c6f6151b"
    reason = "the market is wound down by proposal 12"
    author = "R. Auditor"
    date = 2026-11-22
    expires = 2027-01-31            # optional: the last day on which it holds
    severity = "critical"           # optional: not accepted once it is more severe
    up_to = { shortfall_e18 = "5000000000000000000" }   # optional: nor once it is larger
    detector = "insolvent-account"  # optional, with chain_id, deployment and about: for people,
    chain_id = 10                   # and to tell what a scan of another deployment cannot find
    deployment = "perp-v2-optimism"
    about = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

`scenario` names the one under which the finding was made, for findings of `analyzer stress`.
Entries are added at the end and taken out again; everything else in the file stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from analyzer.findings.acceptance import Acceptance
from analyzer.model.atomic import beside, replace_bytes
from analyzer.model.errors import InputError
from analyzer.model.finding import Severity
from analyzer.model.toml_file import is_whole, parse_toml, read_text, shown

NAME = "triage.toml"
"""Name of the file when none is given: beside the snapshot."""
TABLE = "accepted"
HEAD = (
    "# Accepted findings: `analyzer triage` adds and removes entries; they may be edited by hand.\n"
)
_HEADER = re.compile(r"^\s*\[")
_OURS = re.compile(rf"^\s*\[\[\s*{TABLE}\s*\]\]", re.MULTILINE)
_KNOWN = frozenset(
    {
        *("fingerprint", "reason", "author", "date", "expires", "severity", "up_to"),
        *("detector", "chain_id", "deployment", "about", "scenario"),
    }
)
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_AMOUNT = re.compile(r"[0-9]{1,80}")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def triage_beside(db: Path) -> Path:
    """The triage file that belongs to a snapshot when none is named."""
    return beside(db, NAME)


def read_triage(path: Path, *, named: bool) -> list[Acceptance]:
    """The entries of a triage file, in its order.

    named: whether the user named the file, so that it has to be there. Raises: InputError naming
    the file, the entry and what is wrong in it.
    """
    try:
        text = read_text(path, "triage file")
    except FileNotFoundError:
        if not named:
            return []
        raise InputError(f"there is no triage file {path}") from None
    return parse_triage(text, path)


def parse_triage(text: str, path: Path) -> list[Acceptance]:
    """The entries in the text of a triage file. Raises: InputError as `read_triage` does."""
    values = parse_toml(text, path, "triage file")
    entries = values.get(TABLE, [])
    foreign = sorted(set(values) - {TABLE})
    if foreign or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        what = (
            f"{shown(foreign[0])} is not known" if foreign else f"[[{TABLE}]] entries are expected"
        )
        raise InputError(f"{path} is no triage file: {what}")
    out = [_entry(path, number, entry) for number, entry in enumerate(entries, 1)]
    seen: set[str] = set()
    for acceptance in out:
        if acceptance.fingerprint in seen:
            raise InputError(f"{path}: finding {acceptance.fingerprint} is accepted twice")
        seen.add(acceptance.fingerprint)
    return out


def with_entry(text: str, acceptance: Acceptance) -> str:
    """The text of a triage file with one more entry at its end."""
    before = text or HEAD
    if not before.endswith("\n"):
        before += "\n"
    return f"{before}\n{entry_text(acceptance)}"


def without_entry(text: str, fingerprint: str, path: Path) -> str:
    """The text of a triage file without the entry of that fingerprint, all else as it was.

    Raises: InputError when there is none, or when the file is written in a way in which the entry
    cannot be told from the rest.
    """
    before = parse_triage(text, path)
    left = [entry for entry in before if entry.fingerprint != fingerprint]
    if len(left) == len(before):
        raise InputError(f"{path} accepts no finding {fingerprint}")
    parts = _parts(text)
    kept = [part for part in parts if not (_OURS.search(part) and _names(part, fingerprint))]
    after = "".join(kept).rstrip("\n") + "\n"
    try:
        as_meant = parse_triage(after, path) == left
    except InputError:
        # A text of several lines that looks like the head of an entry was cut in two.
        as_meant = False
    if not as_meant:
        raise InputError(f"{path}: take the entry of {fingerprint} out by hand")
    return after


def entry_text(acceptance: Acceptance) -> str:
    """One entry as TOML."""
    a = acceptance
    lines = [
        f"[[{TABLE}]]",
        f"fingerprint = {_quoted(a.fingerprint)}",
        f"reason = {_quoted(a.reason)}",
        f"author = {_quoted(a.author)}",
        f"date = {a.day.isoformat()}",
    ]
    lines += [f"expires = {a.expires.isoformat()}"] if a.expires is not None else []
    lines += [f"severity = {_quoted(a.severity.label)}"] if a.severity is not None else []
    if a.up_to:
        limits = ", ".join(f"{_key(name)} = {_quoted(str(v))}" for name, v in a.up_to.items())
        lines.append(f"up_to = {{ {limits} }}")
    lines += [f"detector = {_quoted(a.detector)}"] if a.detector else []
    lines += [f"chain_id = {a.chain_id}"] if a.chain_id is not None else []
    lines += [f"deployment = {_quoted(a.deployment)}"] if a.deployment else []
    lines += [f"about = {_quoted(a.about)}"] if a.about else []
    lines += [f"scenario = {_quoted(a.scenario)}"] if a.scenario else []
    return "\n".join(lines) + "\n"


def write_triage(path: Path, text: str) -> None:
    """Replaces the triage file as a whole. Raises: InputError when it cannot be written."""
    replace_bytes(path, text.encode())


def _parts(text: str) -> list[str]:
    """The text cut before every table header; comments right above a header go with it."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            last = parts[-1]
            place = len(last)
            while place and last[place - 1].lstrip().startswith("#"):
                place -= 1
            parts.append([*last[place:], line])
            del last[place:]
        else:
            parts[-1].append(line)
    return ["".join(part) for part in parts]


def _names(part: str, fingerprint: str) -> bool:
    """Whether a part of the file is the entry of that fingerprint."""
    return (
        re.search(rf"^\s*fingerprint\s*=\s*['\"]{fingerprint}['\"]", part, re.MULTILINE) is not None
    )


def _entry(path: Path, number: int, entry: Mapping[str, object]) -> Acceptance:
    """One entry, checked."""
    where = f"{path}, entry {number}"
    foreign = sorted(set(entry) - _KNOWN)
    if foreign:
        known = ", ".join(sorted(_KNOWN))
        raise InputError(f"{where}: {shown(foreign[0])} is not known (known: {known})")
    fingerprint = _text(where, entry, "fingerprint")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise InputError(f"{where}: {shown(fingerprint)} is no fingerprint (16 hex digits)")
    day = _day(where, entry, "date")
    if day is None:
        raise InputError(f"{where}: date is missing")
    chain_id = entry.get("chain_id")
    if chain_id is not None and (not isinstance(chain_id, int) or not is_whole(chain_id)):
        raise InputError(f"{where}: chain_id has to be a number, it is {shown(chain_id)}")
    return Acceptance(
        fingerprint=fingerprint,
        reason=_text(where, entry, "reason"),
        author=_text(where, entry, "author"),
        day=day,
        expires=_day(where, entry, "expires"),
        severity=_severity(where, entry.get("severity")),
        up_to=_limits(where, entry.get("up_to", {})),
        detector=_text(where, entry, "detector", ""),
        chain_id=chain_id,
        deployment=_text(where, entry, "deployment", ""),
        about=_text(where, entry, "about", ""),
        scenario=_text(where, entry, "scenario", ""),
    )


def _text(where: str, entry: Mapping[str, object], name: str, default: str | None = None) -> str:
    """A text of an entry; without a default it has to be there and say something."""
    value = entry.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise InputError(f"{where}: {name} has to be a text, it is {shown(value)}")
    return value


def _day(where: str, entry: Mapping[str, object], name: str) -> date | None:
    """A date of an entry, None when it is not there."""
    value = entry.get(name)
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InputError(f"{where}: {name} has to be a date, as 2026-11-22 without quotes")
    return value


def _severity(where: str, value: object) -> Severity | None:
    """The severity up to which a finding is accepted."""
    labels = {severity.label: severity for severity in Severity}
    if value is None:
        return None
    if not isinstance(value, str) or value not in labels:
        raise InputError(f"{where}: severity {shown(value)} is none of {', '.join(labels)}")
    return labels[value]


def _limits(where: str, values: object) -> dict[str, int]:
    """Name -> amount up to which a finding is accepted."""
    if not isinstance(values, dict) or not all(map(_is_limit, values.values())):
        raise InputError(f"{where}: up_to has to name amounts as whole numbers in quotes")
    return {str(name): int(value) for name, value in values.items()}


def _is_limit(value: object) -> bool:
    """Whether a value is an amount, as a number or in quotes: of at most 80 digits, which every
    amount of a contract has."""
    if isinstance(value, str):
        return _AMOUNT.fullmatch(value) is not None
    return is_whole(value, most=10**80)


def _key(name: str) -> str:
    """A TOML key, in quotes where it has to be."""
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    out = []
    for sign in text:
        control = ord(sign) < 0x20 or ord(sign) == 0x7F
        out.append(escapes.get(sign) or (f"\\u{ord(sign):04X}" if control else sign))
    return f'"{"".join(out)}"'
