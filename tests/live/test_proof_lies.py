"""Lies that a node process between a local chain and us tells, each named with block and field.

One small chain with both protocols serves all of them; nothing of ours is edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from liars import Forger, HeaderLiar, LogLiar, ProofLiar, WordLiar, selector, word_plus
from proved_scan import certificates, prove

from analyzer.model.errors import ExitCode
from analyzer.protocols.base import ProofSlot
from analyzer.protocols.kit.code import IMPLEMENTATION_SLOT
from analyzer.runs.scanning.proving import ProveOptions
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.testing import FaultNode
from analyzer.testing.source import ChainSource
from analyzer.testing.upstream import Upstream

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain


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


@dataclass(frozen=True, slots=True)
class Victim:
    """What is lied about of a protocol. logs: the contract whose logs are; word: (contract, slot,
    view, what of the number, which is one more in the lowest bits from `first_bit`); proxy: whose
    implementation is said to be another; cut, older: whose proofs are damaged."""

    logs: str
    word: tuple[str, int, str, str]
    first_bit: int
    view_word: int
    proxy: str
    cut: str
    older: str


VICTIMS = {
    "perp-v2": Victim(
        "vault", ("clearing_house_config", 103, "getMmRatio()", "mm_ratio"), 32, 0,
        "vault", "account_balance", "vault",
    ),
    "aave-v3": Victim(
        "pool", ("pool", 0, "getReserveData(address)", "liquidityIndex"), 0, 1,
        "pool", "oracle", "pool",
    ),
}  # fmt: skip
both = pytest.mark.parametrize("protocol", VICTIMS)


def contracts_of(info: DevnetInfo, protocol: str) -> dict[str, str]:
    """The contracts of one protocol, by role."""
    return {k: str(v) for k, v in info.deployments[protocol].contracts.items()}


@both
def test_each_lie_about_a_log_is_named_with_its_block_and_field(
    chain: DevnetInfo, tmp_path: Path, protocol: str
) -> None:
    by_block = log_blocks(chain, contracts_of(chain, protocol)[VICTIMS[protocol].logs])
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
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("logs",)), only=protocol)
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


def forger(info: DevnetInfo, protocol: str, *, relinked: bool) -> tuple[Forger, int]:
    """A node that forged the last block before the stressed one with a log of the protocol's."""
    by_block = log_blocks(info, contracts_of(info, protocol)[VICTIMS[protocol].logs])
    block = max(n for n in by_block if n < info.blocks["stressed"])
    place = int(by_block[block][0]["logIndex"], 16)
    return Forger(Upstream(info.rpc), block, place, relinked=relinked), block


@both
def test_a_block_that_fits_in_itself_but_does_not_chain_is_named(
    chain: DevnetInfo, tmp_path: Path, protocol: str
) -> None:
    liar, block = forger(chain, protocol, relinked=False)
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("logs",)), only=protocol)
    assert found == {("header", block, "hash")}
    assert outcome.exit_code == ExitCode.DIVERGENCE


def word_of(info: DevnetInfo, protocol: str, folder: Path) -> ProofSlot:
    """The true number that is lied about, with its word."""
    role, slot, _, what = VICTIMS[protocol].word
    true = prove(info, folder, ProveOptions(("state",), accounts=1), only=protocol)
    (result,) = true.results
    assert result.proofs is not None
    found = next(
        w for w in result.proofs.words
        if (w.contract, w.what) == (role, what) and (not slot or int(w.slot, 16) == slot)
    )  # fmt: skip
    return ProofSlot(
        found.account_id, found.market_id, found.contract, found.address, int(found.slot, 16),
        found.what, int(found.number), found.first_bit, found.bits,
    )  # fmt: skip


@both
def test_a_word_and_its_view_that_lie_alike_and_a_changed_implementation_are_named(
    chain: DevnetInfo, tmp_path: Path, protocol: str
) -> None:
    victim, contracts = VICTIMS[protocol], contracts_of(chain, protocol)
    upstream, last = Upstream(chain.rpc), chain.blocks["stressed"]
    true = word_of(chain, protocol, tmp_path / "true")
    held = int(upstream.storage(last, true.address, true.slot), 16)
    assert held >> victim.first_bit & (1 << true.bits) - 1 == true.number
    role, _, view, what = victim.word
    another = next(at for at in contracts.values() if at != contracts[victim.proxy])
    liar = WordLiar(
        upstream,
        {
            (true.address, true.slot): held + (1 << victim.first_bit),
            (contracts[victim.proxy], IMPLEMENTATION_SLOT): int(another, 16),
        },
        {(contracts[role], selector(view)): word_plus(victim.view_word, 1)},
    )
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("state",)), only=protocol)
    assert {kind for kind, _, _ in found} == {"state"}
    fields = {field for _, block, field in found if block == last}
    assert f"{role} slot 0x{true.slot:x}" in fields
    assert f"{victim.proxy} slot 0x{IMPLEMENTATION_SLOT:x}" in fields
    texts = [c.text for one in certificates(outcome) for c in one.contradictions]
    assert any(
        f"{role} {what}" in t and f"is {true.number + 1} here" in t
        and f"proved to hold {true.number} at block {last}" in t
        for t in texts
    )  # fmt: skip
    assert outcome.exit_code == ExitCode.DIVERGENCE


@both
def test_a_cut_proof_and_one_of_another_block_are_named(
    chain: DevnetInfo, tmp_path: Path, protocol: str
) -> None:
    victim, contracts = VICTIMS[protocol], contracts_of(chain, protocol)
    last = chain.blocks["stressed"]
    liar = ProofLiar(Upstream(chain.rpc), cut=contracts[victim.cut], older=contracts[victim.older])
    outcome, found = lied(chain, tmp_path, liar, ProveOptions(("state",)), only=protocol)
    assert found == {("state", last, "stateRoot")}
    texts = [c.text for one in certificates(outcome) for c in one.contradictions]
    for role in (victim.cut, victim.older):
        assert any(
            contracts[role].lower() in text.lower() and "is missing" in text for text in texts
        )
    assert outcome.exit_code == ExitCode.DIVERGENCE


@both
def test_headers_with_other_roots_are_named_with_the_field(
    chain: DevnetInfo, tmp_path: Path, protocol: str
) -> None:
    last = chain.blocks["stressed"]
    by_block = log_blocks(chain, contracts_of(chain, protocol)[VICTIMS[protocol].logs])
    block = max(n for n in by_block if n < last)
    liar = HeaderLiar(
        Upstream(chain.rpc),
        {last: {"stateRoot": "0x" + "07" * 32}, block: {"receiptsRoot": "0x" + "07" * 32}},
    )
    options = ProveOptions(("logs", "state"))
    outcome, found = lied(chain, tmp_path, liar, options, only=protocol)
    assert found == {("header", last, "stateRoot"), ("header", block, "receiptsRoot")}
    assert outcome.exit_code == ExitCode.DIVERGENCE


@both
def test_one_hostile_node_of_two_is_named_by_the_quorum_and_two_of_two_by_a_trusted_hash(
    chain: DevnetInfo, tmp_path: Path, protocol: str
) -> None:
    last = chain.blocks["stressed"]
    true_hash = Upstream(chain.rpc).header(last)["hash"]  # type: ignore[index]
    liar, block = forger(chain, protocol, relinked=True)
    with FaultNode(liar) as one, FaultNode(liar) as two:
        rpc = (one.url, chain.rpc)
        options = ProveOptions(("logs", "quorum"), 1000, quorum=rpc)
        half = prove(chain, tmp_path / "half", options, rpc=rpc, only=protocol)
        rpc = (one.url, two.url)
        options = ProveOptions(("logs", "quorum"), 1000, quorum=rpc)
        both_lie = prove(chain, tmp_path / "both", options, rpc=rpc, only=protocol)
        options = ProveOptions(("logs",), trusted={last: true_hash})
        caught = prove(chain, tmp_path / "caught", options, rpc=rpc, only=protocol)
    (proved_one,) = certificates(half)
    differ = [c for c in proved_one.contradictions if c.kind == "quorum"]
    assert any(c.block == block and one.url in c.text and chain.rpc in c.text for c in differ)
    assert {c.kind for c in proved_one.contradictions} == {"quorum"}
    assert half.exit_code == ExitCode.DIVERGENCE
    (proved_one,) = certificates(both_lie)
    assert proved_one.contradictions == ()
    (proved_one,) = certificates(caught)
    assert [(c.kind, c.block) for c in proved_one.contradictions] == [("trusted hash", last)]
    assert caught.exit_code == ExitCode.DIVERGENCE


def test_a_quorum_names_who_says_another_word_or_answers_a_view_otherwise(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    protocol = "aave-v3"
    victim, contracts = VICTIMS[protocol], contracts_of(chain, protocol)
    upstream = Upstream(chain.rpc)
    true = word_of(chain, protocol, tmp_path / "true")
    held = int(upstream.storage(chain.blocks["stressed"], true.address, true.slot), 16)
    role, _, view, _ = victim.word
    words = WordLiar(
        upstream,
        {(true.address, true.slot): held + (1 << victim.first_bit)},
        {(contracts[role], selector(view)): word_plus(victim.view_word, 1)},
    )
    block = max(n for n in log_blocks(chain, contracts["pool"]) if n < chain.blocks["stressed"])
    liar = HeaderLiar(words, {block: {"stateRoot": "0x" + "07" * 32}})
    with FaultNode(liar) as node:
        rpc = (chain.rpc, node.url)
        options = ProveOptions(("quorum",), 1000, quorum=rpc)
        outcome = prove(chain, tmp_path / "scan", options, rpc=(chain.rpc,), only=protocol)
    (told,) = certificates(outcome)
    assert told.quorum is not None
    assert min(told.quorum.headers, told.quorum.logs, told.quorum.calls, told.quorum.slots) > 10
    lies = [c for c in told.contradictions if node.url in c.text and chain.rpc in c.text]
    assert len(lies) == len(told.contradictions) > 0
    assert any(f"0x{true.slot:064x}" in c.text for c in lies)
    assert (block, f"block {block} stateRoot") in {(c.block, c.field) for c in lies}
    assert outcome.exit_code == ExitCode.DIVERGENCE
