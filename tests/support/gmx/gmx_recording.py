"""Books rebuilt from the recording of GMX V2, without a database: one per pinned block.

Prices of the recording's other price sets come from what its calls were asked with.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from analyzer.abi.codec import decode_values
from analyzer.abi.contract import load_abi
from analyzer.abi.events import decode_log
from analyzer.chain.replay import Replay
from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.logs import Event, LogFilter
from analyzer.model.rows import CheckRow
from analyzer.protocols.gmx_v2 import PLUG
from analyzer.protocols.gmx_v2.logs.sources import sources
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.prices import GmxPrices, Pair, prices_of
from analyzer.protocols.gmx_v2.value.value import GmxValued, value
from analyzer.solvency.drive import CountedReads
from analyzer.solvency.verify import compare

RECORDING = Path("recordings") / "gmx_v2_seedA"
LABELS = tuple("ABCDEFGHI")
"""The pinned blocks of the recording, in order."""
SETS = ("base", "up10", "down10")
"""The price sets of the recording, in the order of its calls."""

Prices = dict[str, Pair]


class Recorded:
    """One recording, decoded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replay = Replay(folder)
        (self.deployment,) = self.replay.deployments()

    @cached_property
    def events(self) -> list[Event]:
        """Every generic event up to the last pin."""
        (source,) = sources(self.deployment)
        abi = load_abi(source.abi)
        by_topic = {bytes.fromhex(abi.events[n].topic0[2:]): abi.events[n] for n in source.events}
        out: list[Event] = []
        last = max(number for number, _, _ in self.replay.pins())
        for chunk in self.replay.logs([LogFilter(())], 0, last):
            times = {header.number: header.time for header in chunk.headers}
            for log in chunk.logs:
                event = by_topic.get(log.topics[0])
                if event is None or log.address != bytes.fromhex(source.address[2:]):
                    continue
                tx, time = "0x" + log.tx_hash.hex(), times[log.block_number]
                args = decode_log(log, event)
                at = (log.block_number, log.log_index, tx, source.address, source.role)
                out.append(Event(*at, event.name, args, time))
        return out

    def block(self, label: str) -> BlockRef:
        """The pinned block of that label."""
        return self.replay.resolve(label)

    @cache  # noqa: B019
    def book(self, label: str) -> Book:
        """The book at a pinned block."""
        block = self.block(label)
        past = [event for event in self.events if event.block_number <= block.number]
        reads = CountedReads(self.replay, block)
        ledger = reads.drive(PLUG.fold(self.deployment, past))
        observation = reads.drive(PLUG.observe(self.deployment, ledger, block))
        return PLUG.book(self.deployment, block, ledger, observation)

    def state(self, label: str) -> GmxState:
        """The protocol's own state at a pinned block."""
        state = self.book(label).state
        assert isinstance(state, GmxState)
        return state

    def valued(self, label: str, prices: str = "base") -> GmxValued:
        """The book at a pinned block, at one of the recording's price sets."""
        return value(self.book(label), self.prices(label, prices))

    def prices(self, label: str, name: str) -> GmxPrices:
        """One of the recording's price sets, by the bounds that its calls were asked with."""
        tokens = {} if name == "base" else self.price_sets(label)[name]
        return prices_of(self.state(label), tokens)

    @cache  # noqa: B019
    def price_sets(self, label: str) -> dict[str, Prices]:
        """Name -> token -> bounds, from what getMarketInfo was asked with at the block."""
        out: dict[str, Prices] = {name: {} for name in SETS}
        asked: dict[str, int] = {}
        for prices, market in self._asked(self.block(label).number):
            name = SETS[asked.setdefault(market, 0)]
            asked[market] += 1
            found = self.state(label).markets[market].ledger
            tokens = (found.index_token, found.long_token, found.short_token)
            out[name].update(zip(tokens, prices, strict=True))
        return out

    def _asked(self, block: int) -> Iterator[tuple[tuple[Pair, ...], str]]:
        """(prices, market) of each recorded getMarketInfo at a block, in order."""
        view = load_abi("gmx_v2/Reader").functions["getMarketInfo"]
        with gzip.open(self.folder / "calls.jsonl.gz", "rt") as lines:
            for line in lines:
                if view.selector not in line:
                    continue
                row = json.loads(line)
                if row["block"] == block and row["data"].startswith(view.selector):
                    data = bytes.fromhex(row["data"][10:])
                    _, prices, market = decode_values(view.input_types, data)
                    yield prices, str(market)  # type: ignore[misc]

    def checks(self, valued: GmxValued, label: str) -> list[CheckRow]:
        """What the recorded views say of a book at its prices."""
        judges = PLUG.truth(valued, PLUG.margin(valued), valued.book.account_ids)
        answers = self.replay.read(self.block(label), [judge.request for judge in judges])
        return compare(judges, answers)

    @cached_property
    def truth(self) -> dict[str, dict[str, Any]]:
        """What the recording's own file says, by label."""
        found = json.loads(gzip.decompress((self.folder / "truth.json.gz").read_bytes()))
        return {block["label"]: block for block in found["blocks"]}

    @cached_property
    def dry_run(self) -> dict[str, dict[str, Any]]:
        """What a liquidation of every position came to, executed by eth_call, by label."""
        file = self.folder / "liquidation_dry_run.json.gz"
        found: dict[str, dict[str, Any]] = json.loads(gzip.decompress(file.read_bytes()))
        return found


@cache
def recorded(shared: Path) -> Recorded:
    """The recording under `shared`, decoded once for the whole run."""
    return Recorded(shared / RECORDING)
