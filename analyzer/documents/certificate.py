"""What `certificate` says: what was proved of scans, and whether it came out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document
from analyzer.model.certificate import Certificate, HeadersProved, ProvedCode, ProvedWord


@dataclass(frozen=True, slots=True)
class CertificateCheck:
    """A certificate proved again from its bundle. headers: what was followed from the hashes that
    the reader trusts; null = the scan did not come out. words, codes: of those that are claimed,
    how many came out. problems: claims that did not, a sentence each; missing: what could not be
    checked; unchecked: what no bundle can show, or none without
    the hash that was trusted."""

    headers: HeadersProved | None
    words: int
    codes: int
    problems: tuple[str, ...]
    missing: tuple[str, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CertificateEntry:
    """One scan's certificate, and the words and codes that it counts. check: null = it was only
    read."""

    certificate: Certificate
    words: tuple[ProvedWord, ...]
    codes: tuple[ProvedCode, ...]
    check: CertificateCheck | None = None


@dataclass(frozen=True, slots=True)
class CertificateDocument(Document):
    """What `analyzer certificate` says. signed_by: the public key (hex) whose signature was seen to
    be good, null = none was given."""

    KIND: ClassVar[str] = "certificate"

    certificates: tuple[CertificateEntry, ...]
    signed_by: str | None = None
