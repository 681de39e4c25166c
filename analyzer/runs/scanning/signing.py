"""A certificate as a signed statement: in-toto's form in a DSSE envelope, Ed25519.

statement = {_type, subject: [{name: scan, digest: sha256 of its proofs}, .., {name: bundle, digest:
sha256 of the file}], predicateType, predicate}
envelope  = {payload: base64(statement), payloadType, signatures: [{keyid, sig}]}

What is signed is PAE = "DSSEv1 " len(type) " " type " " len(payload) " " payload (DSSE protocol,
version 1), so that a signature is of this kind of statement and of no other bytes. Keys are PEM
files: a private key in PKCS #8 without a password, a public key as SubjectPublicKeyInfo.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from analyzer.model.certificate import Proofs
from analyzer.model.certificate_text import proofs_of, proofs_text
from analyzer.model.errors import InputError, lacks_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:onchain-solvency-analyzer:certificate:1"
_MOST_BYTES = 100_000_000


def signed_statement(proofs: Sequence[Proofs], key_file: Path, bundle: Path | None = None) -> bytes:
    """The envelope with a statement over these certificates, signed by the key of a PEM file.
    bundle: the file that carries them, of which every byte is signed too.

    Raises: InputError for a file that holds no Ed25519 private key.
    """
    key = _private_key(key_file)
    payload = _statement(proofs, bundle)
    signature = key.sign(_pae(payload))
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {
                "keyid": _key_id(key.public_key()),
                "sig": base64.b64encode(signature).decode(),
            }
        ],
    }
    return orjson.dumps(envelope, option=orjson.OPT_INDENT_2) + b"\n"


def signer_of(
    envelope_file: Path, key_file: Path, proofs: Sequence[Proofs], bundle: Path | None = None
) -> str:
    """The public key (hex) of a PEM file, once it is sure that it signed these very certificates,
    and this very bundle where it signed one.

    Raises: InputError for files that are none, for a signature of another key or over other bytes,
    and for a statement about other certificates.
    """
    key = _public_key(key_file)
    payload, signatures = _envelope(envelope_file)
    if not any(_good(key, payload, signature) for signature in signatures):
        raise InputError(f"{envelope_file} is not signed by the key in {key_file}")
    try:
        statement = orjson.loads(payload)
        said = proofs_of(orjson.dumps(statement["predicate"]))
        kinds = (statement["_type"], statement["predicateType"])
        digests = [str(subject["digest"]["sha256"]) for subject in statement["subject"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{envelope_file} holds no statement of a certificate: {error}") from None
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE) or said != list(proofs):
        raise InputError(f"{envelope_file} is signed, and is a statement about something else")
    own = [_digest(p) for p in proofs]
    beside = digests[len(own) :]
    if digests[: len(own)] != own or len(beside) > 1:
        raise InputError(f"{envelope_file} is signed, and names other scans than it is about")
    if beside and bundle is not None and beside != [_file_digest(bundle)]:
        raise InputError(f"{envelope_file} is signed, and over other bytes than those of {bundle}")
    return _key_id(key)


def covers_bundle(envelope_file: Path, proofs: Sequence[Proofs]) -> bool:
    """Whether a statement that `signer_of` found good is over the bytes of a bundle as well, not
    over these certificates alone. Raises: InputError for a file that is none."""
    payload, _ = _envelope(envelope_file)
    return len(orjson.loads(payload)["subject"]) > len(proofs)


def _statement(proofs: Sequence[Proofs], bundle: Path | None) -> bytes:
    """The in-toto statement over certificates, and over the bundle that carries them."""
    subjects = [
        {
            "name": f"{p.certificate.scan_id} {p.certificate.deployment}@{p.certificate.block}",
            "digest": {"sha256": _digest(p)},
        }
        for p in proofs
    ]
    if bundle is not None:
        subjects.append({"name": bundle.name, "digest": {"sha256": _file_digest(bundle)}})
    return orjson.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": PREDICATE_TYPE,
            "predicate": orjson.loads(proofs_text(proofs)),
        }
    )


def _digest(proofs: Proofs) -> str:
    """sha256 of one certificate and what it counts."""
    return hashlib.sha256(proofs_text([proofs]).encode()).hexdigest()


def _file_digest(path: Path) -> str:
    """sha256 of a file's bytes. Raises: InputError for a folder, and for what cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be signed: {error.strerror}; a zip can") from None


def _pae(payload: bytes) -> bytes:
    """What is signed of a payload: DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _envelope(path: Path) -> tuple[bytes, list[bytes]]:
    """The payload and the signatures of an envelope. Raises: InputError."""
    try:
        raw: Any = orjson.loads(_read(path))
        if raw["payloadType"] != PAYLOAD_TYPE:
            raise ValueError(f"payloadType is {str(raw['payloadType'])[:60]!r}")
        payload = base64.b64decode(raw["payload"], validate=True)
        signatures = [base64.b64decode(s["sig"], validate=True) for s in raw["signatures"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no signed statement: {error}") from None
    return payload, signatures


def _good(key: Ed25519PublicKey, payload: bytes, signature: bytes) -> bool:
    """Whether a signature is the key's over this payload."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, _pae(payload))
    except InvalidSignature:
        return False
    return True


def _private_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a PEM file. Raises: InputError."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise lacks_extra("signing", "prove") from None
    try:
        key = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(f"{path} is no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} is no Ed25519 key: openssl genpkey -algorithm ed25519 makes one")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    """The public key of a PEM file. Raises: InputError."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        raise lacks_extra("checking a signature", "prove") from None
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(f"{path} is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path} is no Ed25519 public key")
    return key


def _key_id(key: Ed25519PublicKey) -> str:
    """The raw public key as hex."""
    return key.public_bytes_raw().hex()


def _read(path: Path) -> bytes:
    """The bytes of a file. Raises: InputError."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is too large for what it should be")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
