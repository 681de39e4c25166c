"""Books rebuilt from recordings of Aave V3, without a database: one per pinned block."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.abi.contract import load_abi
from analyzer.abi.events import decode_log
from analyzer.abi.keccak import checksum
from analyzer.chain.base import LogChunk
from analyzer.chain.replay import Replay
from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event, LogFilter, RawLog
from analyzer.model.rows import CheckRow, TotalRow
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger
from analyzer.protocols.aave_v3.state.state import AaveState, state_of
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import Call, Liquidation, Outcome
from analyzer.protocols.base import Source
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.solvency.drive import JUDGE, CountedReads
from analyzer.solvency.verify import compare


@dataclass
class Compared:
    """How a recording came out. faults: everything that is not as the contracts say it."""

    releases: list[str]
    pins: int = 0
    numbers: int = 0
    totals: int = 0
    liquidations: int = 0
    faults: list[str] = field(default_factory=list)


def _exact(total: TotalRow) -> bool:
    """Whether a total holds with nothing left over (but for gifts to an aToken). What the chain
    says was not recorded at every pin; what is rebuilt must always be there."""
    if total.on_chain is None:
        return total.rebuilt is not None
    return total.holds is True and (total.difference == 0 or total.surplus_ok)


class Recorded:
    """One recording, decoded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replay = Replay(folder)
        (self.deployment,) = self.replay.deployments()
        self._everything: list[LogChunk] = []
        self.events = self._events(self.deployment)

    def _chunks(self, followed: Iterable[Source]) -> list[LogChunk]:
        """The logs of these contracts; of a whole recording all that there are, read once."""
        last = max(number for number, _, _ in self.replay.pins())
        if self.folder.is_dir():
            self._everything = self._everything or list(self.replay.logs([LogFilter(())], 0, last))
            return self._everything
        filters = [
            LogFilter((one.address.lower(),), tuple(_topics(one).values())) for one in followed
        ]
        return list(self.replay.logs(filters, self.deployment.from_block, last))

    def _events(self, deployment: Deployment) -> list[Event]:
        """Every event of the deployment's contracts, those that its logs name among them."""
        followed = {one.address: one for one in PLUG.sources(deployment)}
        while True:
            events = [
                event
                for chunk in self._chunks(followed.values())
                for log in chunk.logs
                if (event := _decoded(log, followed, {h.number: h.time for h in chunk.headers}))
            ]
            found = {one.address: one for e in events for one in PLUG.follow(deployment, e)}
            if found.keys() <= followed.keys():
                return events
            followed |= found

    @property
    def labels(self) -> list[str]:
        """The labels of the pinned blocks that have one, in order."""
        return [label for _, label, _ in self.replay.pins() if label]

    def block(self, label: str) -> BlockRef:
        """The pinned block of that label."""
        return self.replay.resolve(label)

    def reads(self, label: str) -> CountedReads:
        """Reads at a pinned block."""
        return CountedReads(self.replay, self.block(label))

    def ledger(self, label: str) -> AaveLedger:
        """What the logs up to a pinned block fold to."""
        block = self.block(label)
        past = [event for event in self.events if event.block_number <= block.number]
        ledger = self.reads(label).drive(PLUG.fold(self.deployment, past))
        assert isinstance(ledger, AaveLedger)
        return ledger

    @cache  # noqa: B019
    def book(self, label: str) -> Book:
        """The book at a pinned block."""
        block, ledger = self.block(label), self.ledger(label)
        observation = self.reads(label).drive(PLUG.observe(self.deployment, ledger, block))
        return PLUG.book(self.deployment, block, ledger, observation)

    def state(self, label: str) -> AaveState:
        """The protocol's own state at a pinned block."""
        return state_of(self.book(label))

    def checks(self, label: str) -> list[CheckRow]:
        """Every account and every reserve against the contract's own views."""
        book = self.book(label)
        prices = PLUG.prices(book)
        judges = PLUG.truth(PLUG.value(book, prices), [], book.account_ids)
        answers = self.reads(label).ask([judge.request for judge in judges], purpose=JUDGE)
        return compare(judges, answers)

    def totals(self, label: str) -> list[TotalRow]:
        """The control totals."""
        book = self.book(label)
        prices = PLUG.prices(book)
        return list(PLUG.details(PLUG.value(book, prices)).totals)

    def compared(self) -> Compared:
        """Every pinned block against the contracts' own views, and every pinned liquidation
        against the next block's events."""
        out = Compared(releases=self.releases())
        for label in self.labels:
            checks, totals, state = self.checks(label), self.totals(label), self.state(label)
            out.pins += 1
            out.numbers += sum(check.equal is not None for check in checks)
            out.faults += [f"{label} {c.account_id} {c.field}" for c in checks if not c.equal]
            out.totals += len(totals)
            out.faults += [f"{label} {t.name}: {t.difference}" for t in totals if not _exact(t)]
            out.faults += [f"{label} {note}" for note in state.ledger.notes]
            out.faults += [f"{label} {a}: {why}" for a, why in state.unreadable.items()]
        for pinned in self.truth["pinned_liquidations"]:
            said, real = self.predicted(pinned), self.liquidation_of(pinned)
            out.liquidations += 1
            if said.reverts or (said.debt_repaid, said.to_liquidator, said.deficits) != real:
                out.faults.append(f"{pinned['label']}: {said} is not {real}")
        return out

    def releases(self) -> list[str]:
        """The Pool's releases that the market lived through, oldest first."""
        spans = self.ledger(self.labels[-1]).revisions
        return [f"{span.release} ({span.revision})" for span in spans]

    @property
    def truth(self) -> dict[str, Any]:
        """`truth.json.gz`: what was liquidated and refused."""
        found = json.loads(gzip.decompress((self.folder / "truth.json.gz").read_bytes()))
        assert isinstance(found, dict)
        return found

    def liquidation_of(self, pinned: dict[str, Any]) -> tuple[int, int, dict[str, int]]:
        """(debt repaid, collateral to the liquidator, deficits) as the next block's events say."""
        deficits: dict[str, int] = {}
        for event in self.events:
            if event.block_number != pinned["liquidated_in"]:
                continue
            if event.name == "DeficitCreated" and event.args["user"] == pinned["user"]:
                deficits[str(event.args["debtAsset"])] = int(str(event.args["amountCreated"]))
            if event.name == "LiquidationCall" and event.args["user"] == pinned["user"]:
                repaid = int(str(event.args["debtToCover"]))
                seized = int(str(event.args["liquidatedCollateralAmount"]))
                return repaid, seized, deficits
        raise AssertionError(f"no liquidation of {pinned['user']}")

    def predicted(self, pinned: dict[str, Any]) -> Outcome:
        """What the book at the pin says of a call that was made in the next block."""
        state = self.state(pinned["label"])
        valuation = Valuation(state, PLUG.prices(self.book(pinned["label"])))
        data = valuation.account_data(pinned["user"])
        assert not isinstance(data, Unreadable), data
        call = Call(
            collateral=pinned["collateral"],
            debt=pinned["debt"],
            debt_to_cover=int(pinned["asked"]),
            receive_a_token=pinned["receive_a_token"],
            liquidator=pinned["liquidator"],
        )
        return Liquidation(valuation, data).execute(call)


def _topics(source: Source) -> dict[str, str]:
    """Event -> first topic of what is indexed of a contract."""
    return {name: load_abi(source.abi).events[name].topic0 for name in source.events}


def _decoded(log: RawLog, followed: dict[str, Source], times: dict[int, int]) -> Event | None:
    """The log as an event, where its contract and its first topic are indexed."""
    source = followed.get(checksum("0x" + log.address.hex()))
    if source is None:
        return None
    for name, topic in _topics(source).items():
        if log.topics and bytes.fromhex(topic[2:]) == log.topics[0]:
            event = load_abi(source.abi).events[name]
            return Event(
                log.block_number,
                log.log_index,
                "0x" + log.tx_hash.hex(),
                source.address,
                source.role,
                name,
                decode_log(log, event),
                times[log.block_number],
            )
    return None


@cache
def recorded(folder: Path) -> Recorded:
    """The recording (a folder or a zip), decoded once for the whole run."""
    return Recorded(folder)
