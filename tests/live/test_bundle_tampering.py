"""A bundle with one thing changed: `certificate --check` names it, whatever part it is in.

Each check scans and proves the whole bundle again: that is what costs here, and what is tried. The
bundle is small, and made once.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from proved_scan import prove

from analyzer.abi.keccak import keccak
from analyzer.documents.certificate import CertificateDocument
from analyzer.model.errors import ExitCode, InputError
from analyzer.runs.scanning.certificates import CertificateOptions, certificate
from analyzer.runs.scanning.proving import ProveOptions
from analyzer.testing.upstream import Upstream

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = [pytest.mark.chain, pytest.mark.long]
Members = dict[str, bytes]
Change = Callable[[Members], None]


@pytest.fixture(scope="module")
def bundle(
    chain: DevnetInfo, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[int, str]]:
    """A bundle of one deployment with proofs of its two worst accounts and of a few blocks, and the
    hash of its block."""
    folder = tmp_path_factory.mktemp("bundle")
    path, last = folder / "evidence.zip", chain.blocks["stressed"]
    trusted = {last: str(Upstream(chain.rpc).header(last)["hash"])}  # type: ignore[index]
    options = ProveOptions(("logs", "state"), 4, trusted, accounts=2)
    prove(chain, folder / "live", options, record=path, only="aave")
    return path, trusted


def rows(members: Members, name: str) -> list[dict[str, Any]]:
    """The rows of a packed file."""
    lines = gzip.decompress(members[f"{name}.jsonl.gz"]).splitlines()
    return [orjson.loads(line) for line in lines]


def put(members: Members, name: str, found: list[dict[str, Any]]) -> None:
    """Packs rows again."""
    members[f"{name}.jsonl.gz"] = gzip.compress(b"".join(orjson.dumps(r) + b"\n" for r in found))


def edited(name: str, pick: Callable[[dict[str, Any]], bool], edit: Callable[..., None]) -> Change:
    """Changes the first row of a file that is picked."""

    def change(members: Members) -> None:
        found = rows(members, name)
        edit(next(row for row in found if pick(row)))
        put(members, name, found)

    return change


def claim(edit: Callable[[dict[str, Any]], None]) -> Change:
    """Changes what the certificate claims."""

    def change(members: Members) -> None:
        document = orjson.loads(members["certificate.json"])
        edit(document["proofs"][0])
        members["certificate.json"] = orjson.dumps(document)

    return change


def without(name: str) -> Change:
    """Takes a file out."""
    return lambda members: members.pop(f"{name}.jsonl.gz") and None


def proved_block(row: dict[str, Any]) -> bool:
    """Whether a row of receipts has a log."""
    return any(receipt["logs"] for receipt in row["receipts"])


def event(signature: str) -> str:
    """The first topic of an event's logs."""
    return "0x" + keccak(signature.encode()).hex()


def flip(text: str) -> str:
    """Hex with another last bit."""
    return f"{text[:-1]}{int(text[-1], 16) ^ 1:x}"


def flipped_log(row: dict[str, Any]) -> None:
    """Another last bit in a receipt's first log."""
    log = next(log for receipt in row["receipts"] for log in receipt["logs"])
    log["data"] = flip(log["data"])


def of_proved_blocks(edit: Callable[[list[dict[str, Any]], int], None]) -> Change:
    """Changes the first log of a reserve's rates in a block whose receipts were proved."""

    def change(members: Members) -> None:
        proved = {row["block"] for row in rows(members, "receipts")}
        logs = rows(members, "logs")
        edit(logs, next(
            n for n, log in enumerate(logs)
            if log["topics"][0] == UPDATED and int(log["blockNumber"], 16) in proved
        ))  # fmt: skip
        put(members, "logs", logs)

    return change


def scanned_header(field: str, value: str) -> Change:
    """Changes a field of the header of the scan's block."""

    def change(members: Members) -> None:
        found = rows(members, "blocks")
        found[-1][field] = value
        put(members, "blocks", found)

    return change


def bare_header(members: Members) -> None:
    """Leaves of the last header what a recording without proofs has."""
    found = rows(members, "blocks")
    names = ("number", "hash", "parentHash", "timestamp")
    found[-1] = {name: found[-1][name] for name in names}
    put(members, "blocks", found)


def hash_of_proved_code(members: Members) -> None:
    """Another hash of a code that the certificate counts."""
    (entry,) = orjson.loads(members["certificate.json"])["proofs"]
    counted = {(entry["certificate"]["block"], c["address"].lower()) for c in entry["codes"]}
    found = rows(members, "code_hashes")
    row = next(row for row in found if (row["block"], row["address"].lower()) in counted)
    row["code_hash"] = OTHER
    put(members, "code_hashes", found)


SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
OTHER = "0x" + "07" * 32
UPDATED = event("ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)")
CHANGES: dict[str, tuple[Change, str]] = {
    "more logs claimed": (
        claim(lambda e: e["certificate"]["logs"].update(proved_logs=10**6)), "logs is claimed"
    ),
    "more blocks claimed": (
        claim(lambda e: e["certificate"]["logs"].update(proved_blocks=99)), "logs is claimed"
    ),
    "a smaller chance of a miss claimed": (
        claim(lambda e: e["certificate"]["logs"].update(miss_with_logs=0.0)), "logs is claimed"
    ),
    "more numbers claimed": (
        claim(lambda e: e["certificate"]["state"].update(wanted=10**6, proved=10**6)),
        "state is claimed",
    ),
    "more accounts claimed": (
        claim(lambda e: e["certificate"]["state"].update(left_out=0)), "state is claimed"
    ),
    "another state root claimed": (
        claim(lambda e: e["certificate"]["state"].update(state_root=OTHER)), "state is claimed"
    ),
    "a number that no word holds": (
        claim(lambda e: e["words"][0].update(number="1", word=f"0x{1:064x}")),
        "did not come out again",
    ),
    "a number of another account": (
        claim(lambda e: e["words"][0].update(account_id="0x" + "11" * 20)),
        "did not come out again",
    ),
    "another code": (
        claim(lambda e: e["codes"][0].update(code_hash=OTHER)), "the code of "
    ),
    "another block": (
        claim(lambda e: e["certificate"].update(block_hash=OTHER)), "block_hash is claimed"
    ),
    "another scan": (
        claim(lambda e: e["certificate"].update(scan_id="00")), "did not come out of the bundle"
    ),
    "more headers claimed": (
        claim(lambda e: e["certificate"]["headers"].update(recomputed=9999)), "headers recomputed"
    ),
    "another trusted hash": (
        claim(lambda e: e["certificate"]["headers"].update(trusted={"LAST": OTHER})),
        "it rests on the hash",
    ),
    "nothing left to believe": (
        claim(lambda e: e["certificate"].update(believed=[])), "what has to be believed"
    ),
    "no receipts": (without("receipts"), "not provable from this recording"),
    "no proofs": (without("proofs"), "not provable from this recording"),
    "a bare header": (bare_header, "not provable from this recording"),
    "a bit of a receipt": (edited("receipts", proved_block, flipped_log), "make the root"),
    "a receipt fewer": (
        edited("receipts", proved_block, lambda row: row["receipts"].pop()), "make the root"
    ),
    "a bit of a log": (
        of_proved_blocks(lambda logs, n: logs[n].update(data=flip(logs[n]["data"]))),
        "is proved to ",
    ),
    "a log removed": (of_proved_blocks(lambda logs, n: logs.pop(n) and None), "it was removed"),
    "another state root": (scanned_header("stateRoot", OTHER), "with another stateRoot"),
    "another time": (scanned_header("gasUsed", "0x7"), "hashes to 0x"),
    "another hash": (scanned_header("hash", OTHER), ""),
    "a node of a proof fewer": (
        edited("proofs", lambda row: len(row["nodes"]) > 8, lambda row: row["nodes"].pop()),
        "is missing",
    ),
    "a bit of a node": (
        edited("proofs", lambda row: len(row["nodes"]) > 8,
               lambda row: row["nodes"].__setitem__(-1, flip(row["nodes"][-1]))),
        "is missing",
    ),
    "a slot that was not proved": (
        edited("proofs", lambda row: len(row["slots"]) > 1, lambda row: row["slots"].pop()),
        "not provable from this recording",
    ),
    "another implementation": (
        edited("storage", lambda row: row["slot"] == SLOT,
               lambda row: row.update(value=flip(row["value"]))),
        "",
    ),
    "a hash of code": (hash_of_proved_code, "is proved to hash to"),
    "other findings": (
        lambda members: members.update({"findings.json": b'{"findings": [], "scans": []}'}),
        "the findings that the bundle carries",
    ),
    "another digest of findings": (
        lambda members: members.update({"version.json": members["version.json"].replace(
            b'"findings_sha256"', b'"findings_sha256": "00", "x"')}),
        "the findings that the bundle carries",
    ),
    "a certificate that is cut": (
        lambda members: members.update({"certificate.json": members["certificate.json"][:-9]}),
        "is corrupt",
    ),
    "a file that is cut": (
        lambda members: members.update({"proofs.jsonl.gz": members["proofs.jsonl.gz"][:-9]}),
        "is corrupt",
    ),
    "another chain": (
        lambda members: members.update({"meta.json": members["meta.json"].replace(
            b'"chain_id": ', b'"chain_id": 9')}),
        "",
    ),
}  # fmt: skip


def checked(path: Path, trusted: dict[int, str]) -> tuple[list[str], ExitCode]:
    """What a check names of a bundle, and its exit code."""
    try:
        document: CertificateDocument = certificate(
            CertificateOptions(bundle=path, trusted=trusted), lambda *_: None
        )
    except InputError as error:
        return [str(error)], ExitCode.BAD_INPUT
    found = [e.check for e in document.certificates if e.check is not None]
    told = [text for one in found for text in (*one.problems, *one.missing)]
    return told, ExitCode(document.run.exit_code)


def test_the_bundle_as_it_is_has_nothing_to_name(bundle: tuple[Path, dict[int, str]]) -> None:
    assert checked(*bundle) == ([], ExitCode.CLEAN)


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_changed_is_named(
    bundle: tuple[Path, dict[int, str]], tmp_path: Path, name: str
) -> None:
    path, trusted = bundle
    change, words = CHANGES[name]
    with zipfile.ZipFile(path) as old:
        members = {member: old.read(member) for member in old.namelist()}
    change(members)
    last = str(next(iter(trusted)))
    members["certificate.json"] = members["certificate.json"].replace(b"LAST", last.encode())
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for member, data in members.items():
            new.writestr(member, data)
    told, code = checked(changed, trusted)
    assert code in (ExitCode.BAD_INPUT, ExitCode.NOT_FULLY_READ, ExitCode.DIVERGENCE)
    assert any(words in text for text in told), told


def test_two_files_of_one_name_and_a_way_out_of_the_folder_change_nothing_unsaid(
    bundle: tuple[Path, dict[int, str]], tmp_path: Path
) -> None:
    path, trusted = bundle
    with zipfile.ZipFile(path) as old:
        members = {member: old.read(member) for member in old.namelist()}
    twice, outside = tmp_path / "twice.zip", tmp_path / "outside.zip"
    with zipfile.ZipFile(twice, "w") as new:
        for member, data in members.items():
            new.writestr(member, data)
        with pytest.warns(UserWarning, match="Duplicate name"):
            new.writestr("logs.jsonl.gz", b"")
    with zipfile.ZipFile(outside, "w") as new:
        for member, data in (*members.items(), ("../../escaped", b"x"), ("/escaped", b"x")):
            new.writestr(member, data)
    ((text,), code) = checked(twice, trusted)
    assert (code, "two of its files have one name" in text) == (ExitCode.BAD_INPUT, True)
    assert checked(outside, trusted) == ([], ExitCode.CLEAN)
    assert not list(tmp_path.parent.rglob("escaped"))
