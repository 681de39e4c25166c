"""Signed statements: the form, and what a stranger's file can be."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from analyzer.model.certificate import Certificate, Cost, HeadersProved, Proofs
from analyzer.model.errors import InputError
from analyzer.runs.scanning.signing import (
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    signed_statement,
    signer_of,
)

PROOFS = Proofs(
    Certificate(
        "5ca0", "p", "d", 10, 99, "0xab", ("logs",), 3, None, 7, HeadersProved(1, 0, {}, 0), None,
        None, None, (), (), ("hashes",), Cost(1, 2, 3, 4),
    )
)  # fmt: skip


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def _files(folder: Path, key: Ed25519PrivateKey) -> tuple[Path, Path]:
    """Private and public key as PEM files."""
    private, public = folder / "key.pem", folder / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_a_statement_is_in_totos_form_and_its_signature_is_over_dsses_encoding(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    private, public = _files(tmp_path, key)
    envelope = tmp_path / "statement.json"
    envelope.write_bytes(signed_statement([PROOFS], private))
    raw = orjson.loads(envelope.read_bytes())
    payload = base64.b64decode(raw["payload"])
    statement = orjson.loads(payload)
    assert (statement["_type"], statement["predicateType"]) == (STATEMENT_TYPE, PREDICATE_TYPE)
    assert statement["subject"][0]["name"] == "5ca0 d@99"
    assert len(statement["subject"][0]["digest"]["sha256"]) == 64
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
    key.public_key().verify(base64.b64decode(raw["signatures"][0]["sig"]), signed)
    assert signer_of(envelope, public, [PROOFS]) == key.public_key().public_bytes_raw().hex()


def test_another_key_another_statement_and_another_payload_are_refused(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    private, public = _files(tmp_path, key)
    envelope = tmp_path / "statement.json"
    envelope.write_bytes(signed_statement([PROOFS], private))
    (tmp_path / "other").mkdir()
    _, stranger = _files(tmp_path / "other", Ed25519PrivateKey.generate())
    with pytest.raises(InputError, match="is not signed by the key"):
        signer_of(envelope, stranger, [PROOFS])
    with pytest.raises(InputError, match="about something else"):
        signer_of(envelope, public, [PROOFS, PROOFS])
    raw = orjson.loads(envelope.read_bytes())
    payload = base64.b64decode(raw["payload"]).replace(b"5ca0", b"5ca1")
    envelope.write_bytes(orjson.dumps(raw | {"payload": base64.b64encode(payload).decode()}))
    with pytest.raises(InputError, match="is not signed by the key"):
        signer_of(envelope, public, [PROOFS])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"payload": 1, "payloadType": "x", "signatures": []}',
        orjson.dumps({"payload": "!", "payloadType": PAYLOAD_TYPE, "signatures": []}),
        orjson.dumps({"payload": "", "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": 7}]}),
    ],
)
def test_what_is_no_envelope_is_refused_in_one_line(
    tmp_path: Path, key: Ed25519PrivateKey, text: bytes
) -> None:
    _, public = _files(tmp_path, key)
    envelope = tmp_path / "statement.json"
    envelope.write_bytes(text)
    with pytest.raises(InputError, match="is no signed statement"):
        signer_of(envelope, public, [PROOFS])


def test_keys_of_another_kind_and_files_that_are_none_are_refused(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    private, public = _files(tmp_path, key)
    envelope = tmp_path / "statement.json"
    envelope.write_bytes(signed_statement([PROOFS], private))
    curve = tmp_path / "p256.pem"
    curve.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    with pytest.raises(InputError, match="is no Ed25519 key"):
        signed_statement([PROOFS], curve)
    with pytest.raises(InputError, match="no private key in PEM"):
        signed_statement([PROOFS], public)
    with pytest.raises(InputError, match="no public key in PEM"):
        signer_of(envelope, private, [PROOFS])
    with pytest.raises(InputError, match="cannot be read"):
        signed_statement([PROOFS], tmp_path / "missing.pem")


def test_a_bundle_is_signed_to_its_last_byte_and_a_statement_of_another_is_refused(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    private, public = _files(tmp_path, key)
    bundle, envelope = tmp_path / "evidence.zip", tmp_path / "statement.json"
    bundle.write_bytes(b"all of it")
    envelope.write_bytes(signed_statement([PROOFS], private, bundle))
    statement = orjson.loads(base64.b64decode(orjson.loads(envelope.read_bytes())["payload"]))
    assert statement["subject"][1] == {
        "name": "evidence.zip",
        "digest": {"sha256": hashlib.sha256(b"all of it").hexdigest()},
    }
    assert signer_of(envelope, public, [PROOFS], bundle)
    bundle.write_bytes(b"all of it.")
    with pytest.raises(InputError, match=r"over other bytes than those of .*evidence\.zip"):
        signer_of(envelope, public, [PROOFS], bundle)
    with pytest.raises(InputError, match="a zip can"):
        signed_statement([PROOFS], private, tmp_path)


def test_a_statement_that_names_other_scans_than_its_predicate_is_refused(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    private, public = _files(tmp_path, key)
    envelope = tmp_path / "statement.json"
    envelope.write_bytes(signed_statement([PROOFS], private))
    raw = orjson.loads(envelope.read_bytes())
    statement = orjson.loads(base64.b64decode(raw["payload"]))
    statement["subject"][0]["digest"]["sha256"] = "00" * 32
    payload = orjson.dumps(statement)
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
    signature = base64.b64encode(key.sign(signed)).decode()
    envelope.write_bytes(orjson.dumps(raw | {
        "payload": base64.b64encode(payload).decode(), "signatures": [{"sig": signature}],
    }))  # fmt: skip
    with pytest.raises(InputError, match="names other scans than it is about"):
        signer_of(envelope, public, [PROOFS])
