"""Proofs on a local chain with the real contracts: what is proved, kept, and proved again."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from document_schemas import validate
from proved_scan import certificates, prove

from analyzer.chain.node import Node
from analyzer.devnet.up import silent
from analyzer.documents.certificate import CertificateDocument
from analyzer.documents.encode import to_json
from analyzer.findings.summary import worst_accounts
from analyzer.model.certificate import Proofs
from analyzer.model.certificate_text import proofs_text
from analyzer.model.errors import ExitCode
from analyzer.model.verdict import Verdict
from analyzer.report.certificate import render_certificate
from analyzer.runs.scanning.certificates import CertificateOptions, certificate
from analyzer.runs.scanning.proof_cost import bundle_cost, endpoint_cost
from analyzer.runs.scanning.proving import ProveOptions
from analyzer.testing.upstream import Upstream

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain


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
    for live, replayed in zip(certificates(proved), certificates(again), strict=True):
        # A recording keeps of receipts what is hashed, and less of the rest.
        assert 0 < replayed.cost.bytes <= live.cost.bytes
        assert replace(replayed, cost=live.cost) == live
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
    bare = tmp_path / "bare.zip"
    rewritten(bundle, bare, {}, without="certificate.json")
    assert f"words of block {last} in " in bundle_cost(bare)
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


def rewritten(path: Path, target: Path, members: dict[str, bytes], *, without: str = "") -> None:
    """A bundle with other members, and without one."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in [name for name in old.namelist() if name != without]:
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
