"""Other chains that answer in place of the true one: behind it, or on another branch."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from analyzer.testing.kinds.kind import UNCHANGED, Moment, Stage, kind
from analyzer.testing.rpc import JsonObject, LogQuery
from analyzer.testing.source import ChainSource, View


class Shorter(View):
    """A chain whose head is `by` blocks lower, in every answer."""

    def __init__(self, source: ChainSource, by: int) -> None:
        super().__init__(source)
        self._head = max(source.head() - by, 0)

    def head(self) -> int:
        """The lower head."""
        return self._head

    def header(self, number: int) -> JsonObject | None:
        """A header up to the head."""
        return self._source.header(number) if number <= self._head else None

    def number_of(self, block_hash: str) -> int | None:
        """A number up to the head."""
        number = self._source.number_of(block_hash)
        return number if number is not None and number <= self._head else None

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """Logs up to the head."""
        return self._source.logs(replace(query, last=min(query.last, self._head)))


class Branch(View):
    """A branch that leaves the true chain at block `at`: from there on blocks have other hashes;
    of their logs, those in odd blocks are not on it, and each even block repeats its last one.

    touched: whether anything of the branch has been given out.
    """

    def __init__(self, source: ChainSource, at: int, salt: object) -> None:
        super().__init__(source)
        self.at, self._salt, self.touched = at, salt, False

    def header(self, number: int) -> JsonObject | None:
        """A header, of the branch from `at` on."""
        header = self._source.header(number)
        if header is None or number < self.at:
            return header
        self.touched = True
        parent = self.hash(number - 1) if number > self.at else header["parentHash"]
        return header | {"hash": self.hash(number), "parentHash": parent}

    def hash(self, number: int) -> str:
        """The hash of a block of the branch."""
        text = f"{self._salt} {self.chain_id} {number}"
        return "0x" + hashlib.sha256(text.encode()).hexdigest()

    def number_of(self, block_hash: str) -> int | None:
        """The number of a block of the branch, or of one before it."""
        for number in range(self.at, self.head() + 1):
            if self.hash(number) == block_hash:
                return number
        known = self._source.number_of(block_hash)
        return known if known is not None and known < self.at else None

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """Logs of the branch."""
        out: list[JsonObject] = []
        found = self._source.logs(query)
        for place, log in enumerate(found):
            number = int(log["blockNumber"], 16)
            if number < self.at:
                out.append(log)
                continue
            self.touched = True
            if number % 2:
                continue
            moved = log | {"blockHash": self.hash(number)}
            out.append(moved)
            if place + 1 == len(found) or found[place + 1]["blockNumber"] != log["blockNumber"]:
                index = hex(int(log["logIndex"], 16) + 1000)
                tx = "0x" + hashlib.sha256(log["transactionHash"].encode()).hexdigest()
                out.append(moved | {"logIndex": index, "transactionHash": tx})
        return out


@kind("head-lags", Stage.WORLD, seen="load balancers with one node behind", by=3)
def head_lags(moment: Moment) -> Any:
    """The chain ends `by` blocks earlier, in every answer."""
    return Shorter(moment.source, moment.number("by"))


@kind("head-jumps-back", Stage.WORLD, seen="a fail-over to a node that is behind", by=10,
      after=1)  # fmt: skip
def head_jumps_back(moment: Moment) -> Any:
    """Once `after` answers named the head, the chain ends `by` blocks earlier."""
    if moment.memory.get("heads", 0) >= moment.number("after"):
        return Shorter(moment.source, moment.number("by"))
    heads = sum(1 for ask in moment.asks if ask.params[:1] in (["latest"], ["safe"]))
    moment.memory["heads"] = moment.memory.get("heads", 0) + heads
    return UNCHANGED


@kind("logs-lag", Stage.WORLD, seen="nodes whose log index is behind their head", by=3)
def logs_lag(moment: Moment) -> Any:
    """Headers up to the head, logs only up to `by` blocks below it, without a word."""
    shorter = Shorter(moment.source, moment.number("by"))
    return shorter if any(ask.method == "eth_getLogs" for ask in moment.asks) else UNCHANGED


@kind("two-forks", Stage.WORLD, seen="two nodes behind one address, on different branches", depth=4)
def two_forks(moment: Moment) -> Any:
    """Each time it is its turn, the exchange is answered on another branch of the last `depth`
    blocks."""
    return Branch(moment.source, moment.source.head() - moment.number("depth") + 1, "fork")


@kind("reorg", Stage.WORLD, seen="every chain without instant finality", depth=4, after=1,
      method="eth_getLogs", rounds=1)  # fmt: skip
def reorg(moment: Moment) -> Any:
    """The last `depth` blocks are replaced by others after `after` exchanges with `method`;
    `rounds`: so often, the last time by the true chain."""
    memory = moment.memory
    moment.counts = False
    if memory.get("round", 0) >= moment.number("rounds"):
        return UNCHANGED
    branch: Branch | None = memory.get("branch")
    if branch is None:
        at = moment.source.head() - moment.number("depth") + 1
        salt = f"{moment.rng.random()}"
        branch = memory["branch"] = Branch(moment.source, max(at, 1), salt)
        memory["asked"] = 0
    if memory["asked"] >= moment.number("after") and branch.touched:
        memory["round"] = memory.get("round", 0) + 1
        memory["branch"] = None
        following = reorg(moment)
        moment.counts = True
        return moment.source if following is UNCHANGED else following
    if any(ask.method == moment.options["method"] for ask in moment.asks):
        memory["asked"] += 1
    return branch
