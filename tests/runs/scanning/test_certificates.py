"""A certificate that is proved again: what it claims beyond that is named, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from analyzer.documents.certificate import CertificateEntry
from analyzer.documents.scan import Evidence
from analyzer.model.certificate import Certificate, Cost, HeadersProved, Proofs
from analyzer.model.certificate_text import proofs_text
from analyzer.model.deployment import Deployment
from analyzer.model.errors import ExitCode, InputError
from analyzer.runs.scanning import certificates
from analyzer.runs.scanning.certificates import CertificateOptions, CheckOptions, check, exit_code
from analyzer.runs.scanning.proving import believed
from analyzer.runs.scanning.scan import ScanOptions
from analyzer.runs.scanning.signing import signed_statement

SAME = Evidence("1", "1", "same", "")
OURS = Deployment("d", "p", 10, 7, {"vault": "0xAa"}, {"ETH": "0.9"})
TRUSTED = HeadersProved(9, 8, {99: "0xab"}, 5)


def of_headers(headers: HeadersProved, *, asked: tuple[str, ...] = ("logs",)) -> Certificate:
    return Certificate(
        "5ca0", "p", "d", 10, 99, "0xab", asked, None, None, 7, headers, None, None, None, (), (),
        tuple(believed(OURS, headers, None, None)), Cost(9, 0, 0, 0),
    )  # fmt: skip


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CertificateEntry]:
    """Checks a claim whose bundle gives a scan with a certificate of these headers."""

    def run(
        claim: Certificate, again: HeadersProved = TRUSTED, ours: Deployment = OURS, *more: str
    ) -> CertificateEntry:
        found = Proofs(of_headers(again))
        results_ = [SimpleNamespace(scan_id="5ca0", proofs=found, deployment=ours)] + [
            SimpleNamespace(scan_id=name, proofs=found, deployment=replace(ours, name=name))
            for name in more
        ]

        class Outcome:
            results = results_
            document = SimpleNamespace(run=SimpleNamespace(evidence=SAME))

        def scanned(options: ScanOptions, _progress: object) -> type[Outcome]:
            assert options.prove.wanted
            return Outcome

        monkeypatch.setattr(certificates, "bundled_proofs", lambda _bundle: [Proofs(claim)])
        monkeypatch.setattr(certificates, "scan", scanned)
        monkeypatch.setattr(certificates, "bundled", lambda _bundle, _file: None)
        (entry,) = check(CheckOptions(Path("evidence.zip"), {}), lambda *_: None)
        return entry

    monkeypatch.setattr(certificates, "doubts", lambda _result: ())
    return run


def problems(entry: CertificateEntry) -> tuple[str, ...]:
    assert entry.check is not None
    return entry.check.problems


def test_a_claim_that_comes_out_has_no_problem(checked: Callable[..., CertificateEntry]) -> None:
    entry = checked(of_headers(TRUSTED))
    assert problems(entry) == ()
    assert exit_code([entry]) is ExitCode.CLEAN


@pytest.mark.parametrize("name", ["recomputed", "links", "anchored"])
def test_more_headers_than_come_out_are_named(
    checked: Callable[..., CertificateEntry], name: str
) -> None:
    entry = checked(of_headers(replace(TRUSTED, **{name: 1_000})))
    assert any(text.startswith(f"headers {name} are claimed") for text in problems(entry))
    assert exit_code([entry]) is ExitCode.DIVERGENCE


def test_links_to_a_hash_that_the_reader_did_not_trust_are_said_to_be_unchecked(
    checked: Callable[..., CertificateEntry],
) -> None:
    entry = checked(of_headers(TRUSTED), HeadersProved(3, 0, {}, 0))
    assert problems(entry) == ()
    assert entry.check is not None
    assert entry.check.unchecked == ("that links lead to a hash which you did not name as trusted",)


def test_a_claim_that_hides_what_has_to_be_believed_is_named(
    checked: Callable[..., CertificateEntry],
) -> None:
    claim = of_headers(TRUSTED)
    hidden = replace(claim, believed=claim.believed[:-1])
    assert problems(checked(hidden)) == ("what has to be believed is not all that is told as such",)


@pytest.mark.parametrize(
    "other",
    [
        replace(OURS, contracts={"vault": "0xBb"}),
        replace(OURS, from_block=8),
        replace(OURS, factors={}),
    ],
)
def test_which_contracts_were_scanned_from_where_on_is_told_as_believed(
    checked: Callable[..., CertificateEntry], other: Deployment
) -> None:
    told = " ".join(of_headers(TRUSTED).believed)
    for words in ("contracts of d: vault 0xAa", "before block 7", "risk factors", "ETH 0.9"):
        assert words in told
    found = problems(checked(of_headers(TRUSTED), TRUSTED, other))
    assert found == ("what has to be believed is not all that is told as such",)


def test_a_scan_of_the_bundle_that_is_not_proven_is_no_clean_check(
    checked: Callable[..., CertificateEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "doubts", lambda _result: ("3 reads not answered",))
    entry = checked(of_headers(TRUSTED))
    assert entry.check is not None
    assert entry.check.missing == ("the scan is not proven: 3 reads not answered",)
    assert exit_code([entry]) is ExitCode.NOT_FULLY_READ


def test_a_deployment_of_the_bundle_whose_certificate_was_taken_out_is_named(
    checked: Callable[..., CertificateEntry],
) -> None:
    entry = checked(of_headers(TRUSTED), TRUSTED, OURS, "perp")
    assert problems(entry) == ("the bundle holds perp too, and no certificate of it",)
    assert exit_code([entry]) is ExitCode.DIVERGENCE


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"asked": ("hope",)}, "asks for 'hope'"),
        ({"asked": ()}, "asks for 'nothing'"),
        ({"sample": 0}, "a sample of 0"),
        ({"most_accounts": -1}, "a sample of -1"),
    ],
)
def test_a_certificate_that_asks_for_nothing_is_refused(
    tmp_path: Path, claim: dict[str, object], words: str
) -> None:
    said = proofs_text([Proofs(replace(of_headers(TRUSTED), **claim))])
    (tmp_path / "meta.json").write_text("{}")
    (tmp_path / "certificate.json").write_text(said)
    with pytest.raises(InputError, match=words):
        certificates.bundled_proofs(tmp_path)


def test_a_signature_over_the_certificate_alone_is_told_from_one_over_the_bundle(
    checked: Callable[..., CertificateEntry], tmp_path: Path
) -> None:
    claim, key = of_headers(TRUSTED), Ed25519PrivateKey.generate()
    checked(claim)
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    bundle, statement = tmp_path / "evidence.zip", tmp_path / "statement.json"
    bundle.write_bytes(b"a bundle")
    for signed, told in ((None, 1), (bundle, 0)):
        statement.write_bytes(signed_statement([Proofs(claim)], private, signed))
        options = CertificateOptions(bundle=bundle, statement=statement, public_key=public)
        document = certificates.certificate(options, lambda *_: None)
        assert document.signed_by == key.public_key().public_bytes_raw().hex()
        (entry,) = document.certificates
        assert entry.check is not None
        alone = [
            text for text in entry.check.unchecked if "the certificate alone is signed" in text
        ]
        assert len(alone) == told


def test_a_certificate_of_a_quorum_alone_is_no_proof_to_make_again(
    checked: Callable[..., CertificateEntry],
) -> None:
    with pytest.raises(InputError, match="only what a quorum said"):
        checked(of_headers(TRUSTED, asked=("quorum",)))
