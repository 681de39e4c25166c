"""A book that went through bytes is the same book: by its own protocol's rules, to the wei."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from derive_scan import scanned

from analyzer.model.book import Book
from analyzer.protocols.base import Plug
from analyzer.protocols.kit.book_codec import BookCodec, book_digest, packed
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.protocols.registry import load_plug
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

PROTOCOLS = ("aave-v3", "perp-v2")


@pytest.fixture(scope="session")
def demo_scans(demo_snapshot: Path) -> dict[str, ScanBook]:
    """The demo's scans by protocol, opened from the snapshot."""
    return {scan.deployment.protocol: scan for scan in read_books(demo_snapshot)}


def assert_the_same_book(plug: Plug, first: Book, second: Book) -> None:
    """Margin, prices, details, backstops and every liquidation are the same of both."""
    prices = plug.prices(first)
    assert plug.prices(second) == prices
    margin = plug.margin(plug.value(first, prices))
    assert plug.margin(plug.value(second, prices)) == margin
    assert plug.details(plug.value(second, prices)) == plug.details(plug.value(first, prices))
    assert plug.backstops(plug.value(second, prices)) == plug.backstops(plug.value(first, prices))
    closures = liquidations(plug, first)
    assert liquidations(plug, second) == closures
    assert any(closures)


def liquidations(plug: Plug, book: Book) -> Sequence[object]:
    """What the protocol would close of each account."""
    prices = plug.prices(book)
    return [plug.liquidate(plug.value(book, prices), account) for account in book.account_ids]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_book_of_the_demo_is_the_same_book_after_bytes(
    demo_scans: dict[str, ScanBook], protocol: str
) -> None:
    scan = demo_scans[protocol]
    packed = scan.plug.pack(scan.book)
    found = scan.plug.unpack(packed)
    assert_the_same_book(scan.plug, scan.book, found)
    assert found.state == scan.book.state
    assert scan.plug.pack(found) == packed


def test_a_book_of_the_derive_recording_is_the_same_book_after_bytes(shared: Path) -> None:
    book = scanned(shared, "H").book
    plug = load_plug("derive-v2")
    packed = plug.pack(book)
    found = plug.unpack(packed)
    assert_the_same_book(plug, book, found)
    assert found.state == book.state
    assert plug.pack(found) == packed


def test_the_bytes_do_not_depend_on_the_seed_of_pythons_hashes(repository: Path) -> None:
    program = (
        "import sys, tempfile; from pathlib import Path\n"
        "from analyzer.runs.demo import EXPECTED, RECORDING, demo_folder, scan_demo\n"
        "from analyzer.runs.snapshot.reader import read_books\n"
        "from analyzer.protocols.kit.book_codec import book_digest\n"
        "import orjson\n"
        "block = str(orjson.loads((demo_folder() / EXPECTED).read_bytes())['block'])\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    db = Path(folder) / 'd.duckdb'\n"
        "    scan_demo(demo_folder() / RECORDING, db, block, lambda *_: None)\n"
        "    print([book_digest(s.plug.pack(s.book)) for s in read_books(db)])\n"
    )
    said = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=repository, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        said.add(done.stdout)
    assert len(said) == 1


def test_a_book_of_other_rules_of_another_protocol_or_of_another_shape_is_refused(
    demo_scans: dict[str, ScanBook],
) -> None:
    scan = demo_scans["perp-v2"]
    plug, packed = scan.plug, scan.plug.pack(scan.book)
    state_type = type(scan.book.state)
    newer = BookCodec(plug.name, "perp-v2/2", state_type)
    with pytest.raises(CodecError, match=r"is of methodology 'perp-v2/1 .*', not 'perp-v2/2'"):
        newer.unpack(packed)
    with pytest.raises(CodecError, match="is of protocol 'perp-v2', not 'aave-v3'"):
        load_plug("aave-v3").unpack(packed)
    with pytest.raises(CodecError, match="whose state has other fields"):
        BookCodec(plug.name, plug.methodology, str).unpack(packed)


def test_damaged_bytes_are_refused_and_their_digest_differs(
    demo_scans: dict[str, ScanBook],
) -> None:
    scan = demo_scans["aave-v3"]
    packed = scan.plug.pack(scan.book)
    for damaged in (b"", packed[:-20], b"x" + packed):
        with pytest.raises(CodecError, match="is no book"):
            scan.plug.unpack(damaged)
    lines = zlib.decompress(packed).split(b"\n")
    legs = lines[1].replace(b"[0,", b"[1,", 1)
    changed = zlib.compress(b"\n".join([lines[0], legs, lines[2]]))
    assert book_digest(changed) != book_digest(packed)
    assert book_digest(zlib.compress(zlib.decompress(packed), 1)) == book_digest(packed)
    with pytest.raises(CodecError):
        scan.plug.unpack(zlib.compress(b"\n".join(lines[:2])))


def test_a_book_that_unpacks_to_more_than_the_limit_is_refused_by_name(
    demo_scans: dict[str, ScanBook], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYZER_MAX_UNPACKED_MB", "1")
    bomb = zlib.compress(b" " * 3_000_000)
    for work in (demo_scans["aave-v3"].plug.unpack, book_digest):
        with pytest.raises(CodecError, match=r"more than 1 MB unpacked \(`analyzer --max-unpack"):
            work(bomb)


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 3 * 2**20, 3 * 2**20 + 5])
def test_what_was_packed_in_pieces_is_digested_whole_and_a_cut_is_seen(size: int) -> None:
    # Zeros: a kilobyte of input stands for a megabyte of output.
    text = bytes(size)
    data = packed([text[: size // 3], text[size // 3 :]], [b"end"])
    assert zlib.decompress(data) == text + b"\nend"
    assert book_digest(data) == hashlib.sha256(text + b"\nend").hexdigest()
    with pytest.raises(CodecError, match="it is cut"):
        book_digest(data[:-1])


def test_incompressible_bytes_are_digested_whole() -> None:
    text = random.Random(1).randbytes(2_500_000)
    assert book_digest(packed([text])) == hashlib.sha256(text).hexdigest()
