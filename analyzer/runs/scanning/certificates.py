"""Certificates: read from a snapshot, or proved again offline from the bundle that carries them.

bundle ─▶ scan it again, prove it again ─▶ every claim of its certificate came out, or is named

Nothing that the certificate says is believed: logs are decoded, accounts rebuilt, tries rebuilt and
headers hashed again, and the proofs lie in the bundle. What is believed is this program and the
hash that the reader trusts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.chain.recording import RecordingFiles
from analyzer.documents.certificate import (
    CertificateCheck,
    CertificateDocument,
    CertificateEntry,
)
from analyzer.documents.envelope import Run
from analyzer.documents.scan import Evidence
from analyzer.findings.proof import doubts, proof_doubts
from analyzer.model.atomic import replace_bytes
from analyzer.model.certificate import Certificate, Proofs
from analyzer.model.certificate_text import proofs_of
from analyzer.model.deployment import Deployment
from analyzer.model.errors import ExitCode, InputError, worst_exit
from analyzer.model.scratch import Scratch
from analyzer.runs.scanning.evidence import CERTIFICATE, VERSION, made_with
from analyzer.runs.scanning.proving import LOGS, QUORUM, STATE, ProveOptions, believed
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.runs.scanning.signing import covers_bundle, signed_statement, signer_of
from analyzer.solvency.result import ScanResult
from analyzer.store.reader import open_snapshot
from analyzer.store.tables import certificates, proved_codes, proved_words

_NAMED = 20


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Which bundle to check, and the hashes that its reader trusts."""

    bundle: Path
    trusted: Mapping[int, str]


def certificates_of(db: Path) -> list[CertificateEntry]:
    """The certificates in a snapshot. Raises: InputError where it has none."""
    entries = []
    with open_snapshot(db) as snapshot:
        try:
            for row in snapshot.rows(certificates.TABLE, as_written=True):
                certificate = certificates.from_row(row)
                key = certificate.scan_id
                words = snapshot.rows(proved_words.TABLE, key, as_written=True)
                codes = snapshot.rows(proved_codes.TABLE, key, as_written=True)
                entries.append(
                    CertificateEntry(
                        certificate,
                        tuple(map(proved_words.from_row, words)),
                        tuple(map(proved_codes.from_row, codes)),
                    )
                )
        except (ValueError, TypeError, LookupError) as error:
            raise InputError(f"{db}: a certificate is damaged: {error}") from None
    if not entries:
        raise InputError(f"{db} has no certificate: scan with --prove logs --prove state")
    return entries


def bundled_proofs(bundle: Path) -> list[Proofs]:
    """The certificates that a bundle carries. Raises: InputError for one that carries none, and for
    what is none."""
    data = bundled(bundle, CERTIFICATE)
    if data is None:
        raise InputError(f"{bundle} carries no certificate: record it with scan --prove")
    try:
        found = proofs_of(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{bundle}/{CERTIFICATE} is corrupt: {error}") from None
    if not found:
        raise InputError(f"{bundle}/{CERTIFICATE} holds no certificate")
    for one in (proofs.certificate for proofs in found):
        if not one.asked or set(one.asked) - {LOGS, STATE, QUORUM}:
            asked = ", ".join(one.asked)[:80] or "nothing"
            raise InputError(f"{bundle}/{CERTIFICATE} asks for {asked!r}, which nobody can prove")
        counts = [count for count in (one.sample, one.most_accounts) if count is not None]
        if any(count < 1 for count in counts):
            raise InputError(f"{bundle}/{CERTIFICATE} has a sample of {min(counts)}: none is drawn")
    return found


def bundled(bundle: Path, file: str) -> bytes | None:
    """A file that a bundle carries beside the node's answers. Raises: InputError."""
    with closing(RecordingFiles(bundle)) as files:
        return files.attached(file)


def check(options: CheckOptions, progress: Progress) -> list[CertificateEntry]:
    """Each certificate of a bundle, with what came out again.

    Raises: InputError for a bundle that is no recording, or carries no certificate of a proof.
    """
    claimed = bundled_proofs(options.bundle)
    blocks = {proofs.certificate.block for proofs in claimed}
    wishes = {
        (c.asked, c.sample, c.most_accounts, c.seed) for c in (p.certificate for p in claimed)
    }
    if len(blocks) > 1 or len(wishes) > 1:
        raise InputError(f"{options.bundle}/{CERTIFICATE} is of more than one run")
    asked, sample, most_accounts, seed = wishes.pop()
    proving = ProveOptions(
        tuple(what for what in asked if what != QUORUM), sample, options.trusted, seed,
        accounts=most_accounts,
    )  # fmt: skip
    if asked == (QUORUM,):
        raise InputError(
            f"{options.bundle} carries only what a quorum said, which no bundle shows again: record"
            " it with scan --prove"
        )
    verify, verify_seed = made_with(bundled(options.bundle, VERSION))
    with Scratch("certificate") as folder:
        outcome = scan(
            ScanOptions(
                db=Path(folder) / "again.duckdb",
                recording=options.bundle,
                block=str(blocks.pop()),
                verify=verify,
                seed=verify_seed,
                fail_on="never",
                prove=proving,
            ),
            progress,
        )
    again = {r.scan_id: r for r in outcome.results if r.proofs is not None}
    evidence = outcome.document.run.evidence
    silent = [r.deployment.name for r in again.values() if r.scan_id not in _scan_ids(claimed)]
    return [
        _entry(proofs, again.get(proofs.certificate.scan_id), evidence, options.trusted, silent)
        for proofs in claimed
    ]


def exit_code(entries: Sequence[CertificateEntry]) -> ExitCode:
    """What certificates say to the shell: 4 where a claim did not come out again or something
    contradicts, 3 where something that was asked for is missing."""
    codes = [ExitCode.CLEAN]
    for entry in entries:
        if entry.certificate.contradictions or (entry.check is not None and entry.check.problems):
            codes.append(ExitCode.DIVERGENCE)
        if entry.certificate.missing or (entry.check is not None and entry.check.missing):
            codes.append(ExitCode.NOT_FULLY_READ)
    return worst_exit(*codes)


def _scan_ids(claimed: Sequence[Proofs]) -> set[str]:
    """The scans that certificates are of."""
    return {proofs.certificate.scan_id for proofs in claimed}


def _entry(
    claimed: Proofs,
    result: ScanResult | None,
    evidence: Evidence | None,
    trusted: Mapping[int, str],
    silent: Sequence[str],
) -> CertificateEntry:
    """A certificate with its check. result: the scan that came out of the bundle; evidence: the
    bundle's findings against those found again; silent: deployments in the bundle of which it
    carries no certificate."""
    again = None if result is None else result.proofs
    deployment = None if result is None else result.deployment
    problems = [
        *_problems(claimed, again, deployment),
        *_distrusted(claimed.certificate, trusted),
        *_other_findings(evidence),
        *(f"the bundle holds {name} too, and no certificate of it" for name in silent),
    ]
    more = len(problems) - _NAMED
    if more > 0:
        problems = [*problems[:_NAMED], f"and {more:,} more"]
    quorum = claimed.certificate.quorum is not None
    witness = claimed.certificate.headers.witness is not None
    links = again is not None and not _same_trust(claimed.certificate, again.certificate)
    return CertificateEntry(
        claimed.certificate,
        claimed.words,
        claimed.codes,
        CertificateCheck(
            headers=None if again is None else again.certificate.headers,
            words=0 if again is None else len(set(claimed.words) & set(again.words)),
            codes=0 if again is None else len(set(claimed.codes) & set(again.codes)),
            problems=tuple(problems),
            missing=() if result is None or again is None else _missing(result, again),
            unchecked=tuple(
                text
                for told, text in (
                    (quorum, "what the other endpoints of the quorum said"),
                    (witness, "what the witness said"),
                    (links, "that links lead to a hash which you did not name as trusted"),
                    (_not_compared(evidence), "the findings: the bundle's cannot be compared"),
                )
                if told
            ),
        ),
    )


def _missing(result: ScanResult, again: Proofs) -> tuple[str, ...]:
    """What could not be proved again, and why the answer of the scan that came out is not proven,
    where it is not: proofs of some numbers say nothing of a read or a log that is not there."""
    told = set(proof_doubts(again))
    others = [text for text in doubts(result) if text not in told]
    return (*again.certificate.missing, *(f"the scan is not proven: {text}" for text in others))


def _problems(
    claimed: Proofs, again: Proofs | None, deployment: Deployment | None
) -> Iterator[str]:
    """The claims that did not come out again, in words."""
    said = claimed.certificate
    if again is None or deployment is None:
        yield f"scan {said.scan_id} did not come out of the bundle"
        return
    found = again.certificate
    for name in ("protocol", "deployment", "chain_id", "block", "block_hash", "logs", "state"):
        if getattr(said, name) != getattr(found, name):
            yield f"{name} is claimed to be {_shown(said, name)}, and is {_shown(found, name)}"
    mine = [c for c in found.contradictions if c not in said.contradictions]
    yield from (contradiction.text for contradiction in mine)
    if said.headers.recomputed < 1:
        yield "no header was proved"
    if _same_trust(said, found):
        for name in ("recomputed", "links", "anchored"):
            mine_is, yours = getattr(found.headers, name), getattr(said.headers, name)
            if yours > mine_is:
                yield f"headers {name} are claimed to be {yours:,}, and are {mine_is:,}"
    if said.believed != tuple(believed(deployment, said.headers, found.logs, found.state)):
        yield "what has to be believed is not all that is told as such"
    lost = set(claimed.words) - set(again.words)
    yield from (
        f"{word.contract} {word.what} of {word.account_id or word.market_id or 'all'} is claimed to"
        f" be {word.number}, and did not come out again"
        for word in sorted(lost, key=str)
    )
    yield from (
        f"the code of {code.contract} is claimed to be {code.code_hash}, and did not come out again"
        for code in sorted(set(claimed.codes) - set(again.codes), key=str)
    )


def _distrusted(said: Certificate, trusted: Mapping[int, str]) -> Iterator[str]:
    """Hashes that a certificate rests on, where its reader trusts others of the same blocks."""
    for block, block_hash in said.headers.trusted.items():
        mine = trusted.get(block, block_hash)
        if mine != block_hash:
            yield f"it rests on the hash {block_hash} of block {block}, and you trust {mine}"


def _other_findings(evidence: Evidence | None) -> Iterator[str]:
    """Whether the findings that a bundle carries are not those that come out of it."""
    if evidence is not None and evidence.findings == "differ":
        yield f"the findings that the bundle carries did not come out again: {evidence.why}"


def _not_compared(evidence: Evidence | None) -> bool:
    """Whether nothing could be said of the findings that a bundle carries."""
    return evidence is None or evidence.findings == "not compared"


def _same_trust(said: Certificate, found: Certificate) -> bool:
    """Whether every hash that a certificate rests on was trusted, and reached, again."""
    return said.headers.trusted.items() <= found.headers.trusted.items()


def _shown(certificate: Certificate, name: str) -> str:
    """One part of a certificate in a line."""
    return str(getattr(certificate, name))[:300]


@dataclass(frozen=True, slots=True)
class CertificateOptions:
    """Which certificates to show (of a snapshot) or to prove again (of a bundle), and what to do
    with a signed statement about them: write one, or see who signed it."""

    db: Path | None = None
    bundle: Path | None = None
    trusted: Mapping[int, str] = field(default_factory=dict)
    sign: Path | None = None
    statement: Path | None = None
    public_key: Path | None = None


def certificate(options: CertificateOptions, progress: Progress) -> CertificateDocument:
    """The certificates, checked or read; a statement about them is written or checked.

    Raises: InputError for options that do not fit together, and for files that are not what they
    should be.
    """
    _check_options(options)
    if options.bundle is not None:
        entries = check(CheckOptions(options.bundle, options.trusted), progress)
    else:
        assert options.db is not None  # one of both was named
        entries = certificates_of(options.db)
    proofs = [Proofs(entry.certificate, entry.words, entry.codes) for entry in entries]
    signed_by = None
    if options.sign is not None and options.statement is not None:
        signed = signed_statement(proofs, options.sign, options.bundle)
        replace_bytes(options.statement, signed)
    elif options.statement is not None and options.public_key is not None:
        signed_by = signer_of(options.statement, options.public_key, proofs, options.bundle)
        if options.bundle is not None and not covers_bundle(options.statement, proofs):
            entries = [_signed_alone(entry) for entry in entries]
    return CertificateDocument(Run(__version__, int(exit_code(entries))), tuple(entries), signed_by)


def _signed_alone(entry: CertificateEntry) -> CertificateEntry:
    """An entry of which the certificate is signed, and the bundle that carries it is not."""
    assert entry.check is not None  # of a bundle every entry is checked
    text = "that the signer vouches for its prices and views: the certificate alone is signed"
    check = replace(entry.check, unchecked=(*entry.check.unchecked, text))
    return replace(entry, check=check)


def _check_options(options: CertificateOptions) -> None:
    """Sees that the options fit together. Raises: InputError."""
    if (options.db is None) == (options.bundle is None):
        raise InputError("name a snapshot, or a bundle with --check: one of them")
    if options.trusted and options.bundle is None:
        raise InputError("--trusted-hash and --checkpoints need --check: a snapshot has no headers")
    if options.sign is not None and options.statement is None:
        raise InputError("--sign needs --statement FILE to write to")
    if options.sign is not None and options.public_key is not None:
        raise InputError("--sign makes a statement, --public-key checks one: name one of them")
    if options.sign is None and (options.statement is None) != (options.public_key is None):
        raise InputError("--statement and --public-key belong together")
