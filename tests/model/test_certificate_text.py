"""Certificates as text: the same again, and a stranger's text is refused with the field named."""

from __future__ import annotations

import orjson
import pytest

from analyzer.model.certificate import (
    Certificate,
    Contradiction,
    Cost,
    HeadersProved,
    Proofs,
    ProvedCode,
    ProvedWord,
    StateProved,
)
from analyzer.model.certificate_text import (
    certificate_of,
    certificate_text,
    proofs_of,
    proofs_text,
)

CERTIFICATE = Certificate(
    "76c7f43972b71e3c", "perp-v2", "perp", 10, 119, "0xae", ("state",), None, None, 7,
    HeadersProved(3, 2, {119: "0xae"}, 3, "https://x", 2), None,
    StateProved("0x01", 4, 2, 1, 1, 1, ("prices",)), None,
    ("one thing",), (Contradiction("log", 5, "log 3", "gone"),), ("keccak",), Cost(3, 0, 1, 900),
)  # fmt: skip
PROOFS = Proofs(
    CERTIFICATE,
    (ProvedWord("0xA", None, "vault", "0xV", "0x01", "balance", "-3", 0, 256, "0x02", "0x03"),),
    (ProvedCode("vault", "0xI", "0x04"),),
)


def test_a_certificate_comes_back_as_it_was() -> None:
    text = certificate_text(CERTIFICATE)
    assert certificate_of(text) == CERTIFICATE
    assert certificate_text(certificate_of(text)) == text
    assert proofs_of(proofs_text([PROOFS]).encode()) == [PROOFS]


def test_a_contradiction_or_something_missing_is_no_certificate_that_holds() -> None:
    assert not CERTIFICATE.holds


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("block",), "119"),
        (("block",), True),
        (("asked",), "state"),
        (("headers", "trusted"), {"x": "0x"}),
        (("headers", "trusted"), {"1": 7}),
        (("state",), {}),
        (("missing",), [1]),
        (("cost", "bytes"), None),
    ],
)
def test_a_field_of_another_type_is_named(path: tuple[str, ...], value: object) -> None:
    document = orjson.loads(certificate_text(CERTIFICATE))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=path[-1]):
        certificate_of(orjson.dumps(document))


@pytest.mark.parametrize("text", [b"[]", b"{}", b'{"format": 1}', b'{"format": 2, "proofs": []}'])
def test_what_is_no_bundle_of_proofs_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"proofs|format"):
        proofs_of(text)
