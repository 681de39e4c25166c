"""Proofs on a local chain with the real contracts, and the lies that they catch.

One small chain with both protocols serves all tests. The lies are told by a node process between it
and us; nothing of ours is edited.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from document_schemas import validate
from liars import Forger, HeaderLiar, LogLiar, ProofLiar, WordLiar, selector, word_plus
from live_scan import deployment_files

from analyzer.chain.node import Node
from analyzer.devnet.up import silent, start
from analyzer.documents.certificate import CertificateDocument
from analyzer.documents.encode import to_json
from analyzer.findings.summary import worst_accounts
from analyzer.model.certificate import Certificate, Proofs
from analyzer.model.certificate_text import proofs_text
from analyzer.model.errors import ExitCode
from analyzer.model.verdict import Verdict
from analyzer.protocols.kit.code import IMPLEMENTATION_SLOT
from analyzer.report.certificate import render_certificate
from analyzer.runs.scanning.certificates import CertificateOptions, certificate
from analyzer.runs.scanning.proof_cost import bundle_cost, endpoint_cost
from analyzer.runs.scanning.proving import ProveOptions
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan
from analyzer.testing import FaultNode
from analyzer.testing.source import ChainSource
from analyzer.testing.upstream import Upstream

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain
ACCOUNTS = 60


@pytest.fixture(scope="module")
def chain(seed: int) -> Iterator[DevnetInfo]:
    """A small local chain with both protocols."""
    with start(("perp-v2,aave-v3@10",), accounts=ACCOUNTS, seed=seed) as info:
        yield info


def prove(
    info: DevnetInfo, folder: Path, options: ProveOptions, *, rpc: tuple[str, ...] = (),
    recording: Path | None = None, record: Path | None = None, only: str = "",
) -> ScanOutcome:  # fmt: skip
    """A scan at the stressed block that proves; of one protocol where `only` names it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [f for f in deployment_files(info, folder) if only in f]
    return scan(
        ScanOptions(
            db=folder / "scan.duckdb",
            rpc=() if recording else rpc or (info.rpc,),
            recording=recording,
            record=record,
            deployments=() if recording else tuple(files),
            block=str(info.blocks["stressed"]),
            verify="none",
            fail_on="never",
            prove=options,
        ),
        silent,
    )


def certificates(outcome: ScanOutcome) -> list[Certificate]:
    """The certificates of all scans."""
    return [result.proofs.certificate for result in outcome.results if result.proofs is not None]


def test_all_logs_of_both_protocols_are_proved_under_a_trusted_hash(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    block = chain.blocks["stressed"]
    first = prove(chain, tmp_path / "first", ProveOptions(), only="perp")
    (top,) = {result.block.hash for result in first.results}
    record = tmp_path / "evidence.zip"
    options = ProveOptions(("logs",), trusted={block: top})
    proved = prove(chain, tmp_path / "live", options, record=record)
    again = prove(chain, tmp_path / "again", options, recording=record)
    assert len(certificates(proved)) == 2
    assert certificates(proved) == certificates(again)
    for found in certificates(proved):
        assert found.holds
        logs, headers = found.logs, found.headers
        assert logs is not None
        assert logs.proved_logs == logs.logs > 500
        assert logs.proved_blocks == logs.blocks_with_logs
        assert logs.empty_by_bloom + logs.empty_by_receipts == logs.empty_blocks > 0
        assert (headers.trusted, headers.links) == ({block: top}, block - logs.first_block)
        assert headers.anchored == headers.recomputed == block - logs.first_block + 1
    assert proved.exit_code == again.exit_code == ExitCode.CLEAN


def test_every_number_that_storage_holds_is_proved_to_be_the_rebuilds(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    record = tmp_path / "evidence.zip"
    proved = prove(chain, tmp_path / "live", ProveOptions(("state",)), record=record)
    again = prove(chain, tmp_path / "again", ProveOptions(("state",)), recording=record)
    assert [result.proofs for result in proved.results] == [r.proofs for r in again.results]
    for result in proved.results:
        assert result.proofs is not None
        told, words = result.proofs.certificate, result.proofs.words
        assert told.holds, told
        state = told.state
        assert state is not None
        assert state.proved == state.wanted == len(words) > 500
        assert state.codes == state.wanted_codes == len(result.proofs.codes) > 10
        flagged = {r.margin.account_id for r in result.margin if r.verdict is not Verdict.HEALTHY}
        assert flagged
        assert flagged <= {word.account_id for word in words}
        assert all(word.fits for word in words)
        kinds = {word.what for word in words}
        assert "implementation" in kinds
        if result.deployment.protocol == "perp-v2":
            assert kinds >= {"takerPositionSize", "owedRealizedPnl", "sqrtPriceX96", "mm_ratio"}
        else:
            assert kinds >= {"scaled supply", "scaled debt", "variableBorrowIndex", "assetsSources"}


def test_a_bundle_proves_its_certificate_again_and_names_a_claim_that_does_not_come_out(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    last = chain.blocks["stressed"]
    true_hash = Upstream(chain.rpc).header(last)["hash"]  # type: ignore[index]
    bundle = tmp_path / "evidence.zip"
    prove(chain, tmp_path / "live", ProveOptions(("logs", "state")), record=bundle, only="aave")

    def again(path: Path, trusted: dict[int, str]) -> CertificateDocument:
        return certificate(CertificateOptions(bundle=path, trusted=trusted), silent)

    good = again(bundle, {last: true_hash})
    (entry,) = good.certificates
    assert entry.check is not None
    assert entry.check.problems == entry.check.missing == ()
    assert (entry.check.words, entry.check.codes) == (len(entry.words), len(entry.codes))
    assert entry.check.headers is not None
    assert entry.check.headers.trusted == {last: true_hash}
    assert good.run.exit_code == ExitCode.CLEAN
    validate(to_json(good))
    assert render_certificate(good, "csv").count("\n") == len(entry.words) + 1
    assert "came out again" in " ".join(render_certificate(good, "table").split())
    snapshot = certificate(CertificateOptions(db=tmp_path / "live" / "scan.duckdb"), silent)
    assert snapshot.certificates == (replace(entry, check=None),)
    cost = bundle_cost(bundle)
    assert "per 1,000 logs" in cost
    assert f"{len(entry.words):,} words of aave-v3-devnet" in cost
    assert "per account" in cost
    node = Node([chain.rpc])
    assert "storage proofs: 20 words" in endpoint_cost(node, node.resolve("latest"), node.chain_id)
    node.close()
    distrusted = again(bundle, {last: "0x" + "07" * 32})
    assert distrusted.run.exit_code == ExitCode.DIVERGENCE
    claimed = proofs_text([Proofs(
        replace(entry.certificate, logs=replace(entry.certificate.logs, proved_logs=10**6)),
        (replace(entry.words[0], number="1", word=f"0x{1:064x}"), *entry.words[1:]),
        entry.codes,
    )])  # fmt: skip
    forged = tmp_path / "forged.zip"
    rewritten(bundle, forged, {"certificate.json": claimed.encode()})
    lies = again(forged, {last: true_hash})
    assert lies.run.exit_code == ExitCode.DIVERGENCE
    assert lies.certificates[0].check is not None
    problems = lies.certificates[0].check.problems
    assert any(text.startswith("logs is claimed to be") for text in problems)
    assert any(
        entry.words[0].what in text and "did not come out again" in text for text in problems
    )


def rewritten(path: Path, target: Path, members: dict[str, bytes]) -> None:
    """A bundle with other members."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, members.get(name, old.read(name)))


def test_an_older_recording_says_that_it_proves_nothing(chain: DevnetInfo, tmp_path: Path) -> None:
    record = tmp_path / "evidence.zip"
    prove(chain, tmp_path / "live", ProveOptions(), record=record, only="perp")
    options = ProveOptions(("logs", "state"))
    found = prove(chain, tmp_path / "again", options, recording=record)
    (proved_one,) = certificates(found)
    assert found.exit_code == ExitCode.NOT_FULLY_READ
    assert proved_one.contradictions == ()
    assert proved_one.logs is not None
    assert proved_one.logs.proved_blocks == 0
    assert any(t.startswith("not provable from this recording") for t in proved_one.missing)


def test_the_worst_accounts_alone_are_proved_and_a_recording_of_them_says_what_it_lacks(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    record = tmp_path / "evidence.zip"
    worst = ProveOptions(("state",), accounts=3)
    live = prove(chain, tmp_path / "live", worst, record=record, only="aave")
    again = prove(chain, tmp_path / "again", worst, recording=record)
    everybody = prove(chain, tmp_path / "all", ProveOptions(("state",)), recording=record)
    assert again.exit_code == ExitCode.CLEAN
    ((first,), (same,), (whole,)) = map(certificates, (live, again, everybody))
    assert first == same
    assert first.state is not None
    assert (first.state.accounts, first.most_accounts) == (3, 3)
    assert any(f"{first.state.left_out:,} more accounts" in text for text in first.believed)
    (result,) = live.results
    assert result.proofs is not None
    named = {word.account_id for word in result.proofs.words} - {None}
    assert named == {row.margin.account_id for row in worst_accounts(result, 3)}
    # Of everybody the words that were recorded are proved, and what is lacking is missing: no lie.
    assert whole.state is not None
    assert first.state.proved == first.state.wanted <= whole.state.proved < whole.state.wanted
    lacking = whole.state.wanted - whole.state.proved
    assert whole.contradictions == ()
    assert sum("not provable from this recording" in text for text in whole.missing) == 1
    assert f"{lacking - 1:,} more like it" in " ".join(whole.missing)
    assert everybody.exit_code == ExitCode.NOT_FULLY_READ


def lied(
    info: DevnetInfo, folder: Path, liar: ChainSource, options: ProveOptions, *, only: str = ""
) -> tuple[ScanOutcome, set[tuple[str, int, str]]]:
    """A scan through a liar: (outcome, (kind, block, field) of everything that contradicts)."""
    with FaultNode(liar) as node:
        outcome = prove(info, folder, options, rpc=(node.url,), only=only)
    found = [c for one in certificates(outcome) for c in one.contradictions]
    for contradiction in found:
        assert str(contradiction.block) in contradiction.text
    return outcome, {(c.kind, c.block, c.field) for c in found}


def log_blocks(info: DevnetInfo, address: str) -> dict[int, list[dict[str, str]]]:
    """Block -> raw logs of one contract, up to the stressed block."""
    last = hex(info.blocks["stressed"])
    asked = [{"address": address, "fromBlock": "0x0", "toBlock": last}]
    found: dict[int, list[dict[str, str]]] = {}
    for log in Upstream(info.rpc).other("eth_getLogs", asked):  # type: ignore[attr-defined]
        found.setdefault(int(log["blockNumber"], 16), []).append(log)
    return found


def test_each_lie_about_a_log_is_named_with_its_block_and_field(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    vault = chain.deployments["perp-v2"].contracts["vault"]
    by_block = log_blocks(chain, vault)
    removed, added, moved, bit = [n for n in by_block if n < chain.blocks["stressed"]][-4:]

    def at(number: int) -> int:
        return int(by_block[number][0]["logIndex"], 16)

    def is_first(number: int, log: dict[str, str]) -> bool:
        return int(log["logIndex"], 16) == at(number)

    liar = LogLiar(
        Upstream(chain.rpc),
        {
            removed: lambda logs: [g for g in logs if not is_first(removed, g)],
            added: lambda logs: [
                *logs, *(g | {"logIndex": hex(7000)} for g in logs if is_first(added, g))
            ],
            moved: lambda logs: [
                g | {"logIndex": hex(7000)} if is_first(moved, g) else g for g in logs
            ],
            bit: lambda logs: [
                g | {"data": f"{g['data'][:-1]}{int(g['data'][-1], 16) ^ 1:x}"}
                if is_first(bit, g) else g
                for g in logs
            ],
        },
    )  # fmt: skip
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("logs",)), only="perp")
    assert found == {
        ("log", removed, f"log {at(removed)}"),
        ("log", added, "log 7000"),
        ("log", moved, "log 7000"),
        ("log", bit, f"log {at(bit)} data"),
    }
    assert outcome.exit_code == ExitCode.DIVERGENCE
    texts = [c.text for one in certificates(outcome) for c in one.contradictions]
    assert sum("it was removed" in text for text in texts) == 1
    assert sum("it was added" in text for text in texts) == 1
    assert sum(f"proved to be log {at(moved)}: it was moved" in text for text in texts) == 1


def test_a_block_that_fits_in_itself_but_does_not_chain_is_named(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    vault = chain.deployments["perp-v2"].contracts["vault"]
    by_block = log_blocks(chain, vault)
    block = max(n for n in by_block if n < chain.blocks["stressed"])
    liar = Forger(
        Upstream(chain.rpc), block, int(by_block[block][0]["logIndex"], 16), relinked=False
    )
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("logs",)), only="perp")
    assert found == {("header", block, "hash")}
    assert outcome.exit_code == ExitCode.DIVERGENCE


def test_a_word_and_its_view_that_lie_alike_and_a_changed_implementation_are_named(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    perp, aave = (chain.deployments[name].contracts for name in ("perp-v2", "aave-v3"))
    config, pool, vault = perp["clearing_house_config"], aave["pool"], perp["vault"]
    upstream, last = Upstream(chain.rpc), chain.blocks["stressed"]
    ratios = int(upstream.storage(last, config, 103), 16)
    liar = WordLiar(
        upstream,
        {
            (config, 103): ratios + (1 << 32),
            (vault, IMPLEMENTATION_SLOT): int(perp["exchange"], 16),
        },
        {
            (config, selector("getMmRatio()")): word_plus(0, 1),
            (pool, selector("getReserveData(address)")): word_plus(1, 1),
        },
    )
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("state",)))
    fields = {field for _, block, field in found if block == last}
    assert {kind for kind, _, _ in found} == {"state"}
    assert "clearing_house_config slot 0x67" in fields
    assert f"vault slot 0x{IMPLEMENTATION_SLOT:x}" in fields
    texts = [c.text for one in certificates(outcome) for c in one.contradictions]
    assert any("mm_ratio is 62501 here" in t and "proved to hold 62500" in t for t in texts)
    assert any("pool liquidityIndex of 0x" in text for text in texts)
    assert outcome.exit_code == ExitCode.DIVERGENCE


def test_a_cut_proof_and_one_of_another_block_are_named(chain: DevnetInfo, tmp_path: Path) -> None:
    contracts, last = chain.deployments["perp-v2"].contracts, chain.blocks["stressed"]
    liar = ProofLiar(
        Upstream(chain.rpc), cut=contracts["account_balance"], older=contracts["vault"]
    )
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("state",)), only="perp")
    assert found == {("state", last, "stateRoot")}
    texts = [c.text for one in certificates(outcome) for c in one.contradictions]
    for role in ("account_balance", "vault"):
        assert any(
            contracts[role].lower() in text.lower() and "is missing" in text for text in texts
        )
    assert outcome.exit_code == ExitCode.DIVERGENCE


def test_headers_with_other_roots_are_named_with_the_field(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    last = chain.blocks["stressed"]
    by_block = log_blocks(chain, chain.deployments["perp-v2"].contracts["vault"])
    block = max(n for n in by_block if n < last)
    liar = HeaderLiar(
        Upstream(chain.rpc),
        {last: {"stateRoot": "0x" + "07" * 32}, block: {"receiptsRoot": "0x" + "07" * 32}},
    )
    options = ProveOptions(("logs", "state"))
    outcome, found = lied(chain, tmp_path, liar, options, only="perp")
    assert found == {("header", last, "stateRoot"), ("header", block, "receiptsRoot")}
    assert outcome.exit_code == ExitCode.DIVERGENCE


def test_one_hostile_node_of_two_is_named_by_the_quorum_and_two_of_two_by_a_trusted_hash(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    vault, last = chain.deployments["perp-v2"].contracts["vault"], chain.blocks["stressed"]
    by_block = log_blocks(chain, vault)
    block = max(n for n in by_block if n < last)
    true_hash = Upstream(chain.rpc).header(last)["hash"]  # type: ignore[index]
    liar = Forger(
        Upstream(chain.rpc), block, int(by_block[block][0]["logIndex"], 16), relinked=True
    )
    with FaultNode(liar) as one, FaultNode(liar) as two:
        rpc = (one.url, chain.rpc)
        options = ProveOptions(("logs", "quorum"), 1000, quorum=rpc)
        half = prove(chain, tmp_path / "half", options, rpc=rpc, only="perp")
        rpc = (one.url, two.url)
        options = ProveOptions(("logs", "quorum"), 1000, quorum=rpc)
        both = prove(chain, tmp_path / "both", options, rpc=rpc, only="perp")
        options = ProveOptions(("logs",), trusted={last: true_hash})
        caught = prove(chain, tmp_path / "caught", options, rpc=rpc, only="perp")
    (proved_one,) = certificates(half)
    differ = [c for c in proved_one.contradictions if c.kind == "quorum"]
    assert any(c.block == block and one.url in c.text and chain.rpc in c.text for c in differ)
    assert {c.kind for c in proved_one.contradictions} == {"quorum"}
    assert half.exit_code == ExitCode.DIVERGENCE
    (proved_one,) = certificates(both)
    assert proved_one.contradictions == ()
    (proved_one,) = certificates(caught)
    assert [(c.kind, c.block) for c in proved_one.contradictions] == [("trusted hash", last)]
    assert caught.exit_code == ExitCode.DIVERGENCE
