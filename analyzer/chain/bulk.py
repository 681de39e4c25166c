"""Reads at one pinned block: the four strategies, probed per endpoint, and what an answer means.

    calls   state override > Multicall3 > JSON-RPC batch > single
    slots   state override >              JSON-RPC batch > single

A strategy is used only after it has answered a sample exactly as plain requests did. What a bulk
call says has failed is asked again as a plain eth_call: only that tells a contract's own revert
from a shortage of gas, and gives the revert data that the node shows for it.

The bulk caller sits at the zero address, from which a plain eth_call comes too, and calls by
STATICCALL: a function that writes (a quoter) fails there and is then asked plain. Under Multicall3
msg.sender is Multicall3: a view that depends on who asks has to be asked in a read of at most four
requests, which go plain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from analyzer.abi.keccak import keccak
from analyzer.chain.asked import at_places, distinct, within
from analyzer.chain.carriers import (
    MULTICALL3,
    Carrier,
    CarrierError,
    Multicall3,
    OverrideCaller,
    OverrideSlots,
    Result,
    block_first,
)
from analyzer.chain.endpoint import shown
from analyzer.chain.faults import Fault, FaultKind, revert_text
from analyzer.chain.pool import Pool, Reader, Request
from analyzer.chain.size import Size
from analyzer.chain.wire import parse_header
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted, Value

IDENTITY = "0x" + "00" * 19 + "04"
"""The identity precompile: it returns what it is given, on every chain and at every block."""
_SAMPLE = 4
"""Real requests that a strategy has to answer like plain requests before it is used."""
_FIRST_CALLS, _MOST_CALLS = 500, 5500
_FIRST_SLOTS, _MOST_SLOTS = 2000, 20_000
_WITHOUT_BLOCK = (FaultKind.NO_STATE, FaultKind.NO_BLOCK)
_ALONE = 3
"""Bulk calls of a single request that may fail in a row before the carrier is given up."""
_MOST_CALLDATA = 352 * 1024
"""Bytes of calldata a bulk call: nodes limit bodies, and calldata costs gas even in eth_call."""


@dataclass(slots=True)
class Abilities:
    """What one endpoint has shown that it can do. None = not probed yet."""

    by_hash: bool | None = None
    calls: Carrier | None = None
    slots: Carrier | None = None
    probed: set[str] = field(default_factory=set)
    why: dict[str, str] = field(default_factory=dict)
    """Strategy -> why it is not used."""
    calls_at_once: Size = field(default_factory=lambda: Size(_FIRST_CALLS, _MOST_CALLS))
    slots_at_once: Size = field(default_factory=lambda: Size(_FIRST_SLOTS, _MOST_SLOTS))

    def strategy(self, carrier: Carrier | None, batch: int) -> str:
        """The name of what is used for calls or slots."""
        if carrier is not None:
            return carrier.name
        return "JSON-RPC batch" if batch > 1 else "single requests"


class BulkReader:
    """Performs reads at a pinned block over a pool. Remembers each endpoint's abilities."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._abilities: dict[str, Abilities] = {}

    @property
    def abilities(self) -> Abilities:
        """Those of the endpoint in use."""
        return self._abilities.setdefault(self._pool.endpoint.url, Abilities())

    def read(
        self,
        block: BlockRef,
        requests: Sequence[ReadRequest],
        *,
        progress: Callable[[int], None] = lambda done: None,
    ) -> list[Answer]:
        """The answers in order. Equal requests are asked once.

        Raises UnreadError when the block or its state is not available, and when the block is no
        longer on the chain.
        """
        wanted, places = distinct(requests)
        answers: list[Answer | None] = [None] * len(wanted)
        endpoint = self._pool.endpoint
        self._read_all(answers, range(len(wanted)), wanted, block, progress)
        if self._pool.endpoint is not endpoint:
            # Another endpoint took over and may have been asked in ways that it does not know.
            missing = [place for place, one in enumerate(answers) if isinstance(one, NotRead)]
            self._read_all(answers, missing, wanted, block, progress)
        found = [answer for answer in answers if answer is not None]
        if len(found) < len(answers):
            raise UnreadError(f"reads of an unknown kind were asked at block {block.number}")
        return [found[place] for place in places]

    def _read_all(
        self,
        answers: list[Answer | None],
        places: Sequence[int],
        wanted: Sequence[ReadRequest],
        block: BlockRef,
        progress: Callable[[int], None],
    ) -> None:
        """Answers to what is `wanted` at some places, into `answers` at the same ones."""
        pin = self.pin(block)
        by_kind: dict[str, list[int]] = {kind: [] for kind in _PLAIN}
        for place in places:
            by_kind[wanted[place].kind].append(place)
        by_kind["slot"].sort(key=lambda place: wanted[place].to)
        for kind in ("call", "slot"):
            self._read_kind(answers, by_kind[kind], wanted, pin, block, progress)
        codes = by_kind["code_hash"]
        for place, answer in zip(
            codes, self._plain(at_places(wanted, codes), pin, block), strict=True
        ):
            answers[place] = answer
        if not self.abilities.by_hash:
            self._check_still_there(block)

    def pin(self, block: BlockRef) -> object:
        """The block parameter: by hash where the endpoint takes that, else by number.

        Raises UnreadError when the node does not have the block.
        """
        by_hash: object = {"blockHash": block.hash, "requireCanonical": True}
        if self.abilities.by_hash is None:
            probe = ReadRequest("call", IDENTITY, "0xa11ce5")
            answer = self._pool.batch([_plain_request(probe, by_hash)], probing=True)[0]
            if isinstance(answer, Fault) and answer.kind in _WITHOUT_BLOCK:
                raise _no_state(block, answer)
            self.abilities.by_hash = answer == probe.data
            if not self.abilities.by_hash:
                self.abilities.why["pin by block hash"] = _short(answer)
        return by_hash if self.abilities.by_hash else hex(block.number)

    def probe(self, block: BlockRef) -> Abilities:
        """Finds out everything about the endpoint in use, with requests of its own."""
        pin = self.pin(block)
        self._probe("call", [ReadRequest("call", IDENTITY, "0xa11ce5")], pin, block)
        self._probe("slot", [ReadRequest("slot", IDENTITY, "0x" + "00" * 32)], pin, block)
        return self.abilities

    def _read_kind(
        self,
        answers: list[Answer | None],
        places: list[int],
        wanted: Sequence[ReadRequest],
        pin: object,
        block: BlockRef,
        progress: Callable[[int], None],
    ) -> None:
        """Calls or slots: in bulk what can be, plain what is left."""
        if not places:
            return
        requests = at_places(wanted, places)
        kind, left = requests[0].kind, places
        if len(requests) > _SAMPLE:
            self._probe(kind, requests[:_SAMPLE], pin, block)
        carrier = self.abilities.calls if kind == "call" else self.abilities.slots
        if carrier is not None and len(requests) > _SAMPLE:
            results, left = self._carry(carrier, kind, requests, pin, block, progress), []
            for place, result in zip(places, results, strict=True):
                if result is not None and result[0]:
                    answers[place] = Value(result[1])
                else:
                    left.append(place)
        for place, answer in zip(
            left, self._plain(at_places(wanted, left), pin, block), strict=True
        ):
            answers[place] = answer
        progress(sum(1 for answer in answers if answer is not None))

    def _carry(
        self,
        carrier: Carrier,
        kind: str,
        requests: Sequence[ReadRequest],
        pin: object,
        block: BlockRef,
        progress: Callable[[int], None],
    ) -> list[Result | None]:
        """Results by the carrier; None for what it could not bring. A bulk call that fails is
        asked for in halves, and what is too much for the endpoint is remembered."""
        abilities, out, alone = self.abilities, list[Result | None](), 0
        size = abilities.calls_at_once if kind == "call" else abilities.slots_at_once
        while len(out) < len(requests):
            part = within(requests[len(out) : len(out) + size.now], _MOST_CALLDATA)
            try:
                results = self._ask(carrier, part, pin, block)
            except CarrierError:
                size.refuse(len(part))
                if len(part) > 1:
                    continue
                out.append(None)
                alone += 1
                if alone < _ALONE:
                    continue
                # Not even single calls come through: it is the carrier, not the calls.
                return out + [None] * (len(requests) - len(out))
            alone = 0
            out += results
            progress(len(out))
            if len(results) < len(part):
                size.narrow(len(results))
            else:
                size.answered(len(part))
        return out

    def _ask(
        self, carrier: Carrier, part: Sequence[ReadRequest], pin: object, block: BlockRef
    ) -> list[Result]:
        """One bulk call. Raises CarrierError for anything but results."""
        request: Request = ("eth_call", block_first(carrier.pack(part), pin))
        answer = self._pool.batch(
            [request], lambda _, result: _bytes(result), divisible=len(part) > 1, probing=True
        )[0]
        if not isinstance(answer, bytes):
            if isinstance(answer, Fault) and answer.kind in _WITHOUT_BLOCK:
                raise _no_state(block, answer)
            raise CarrierError(str(answer))
        results = carrier.unpack(answer, len(part))
        if not results:
            raise CarrierError("nothing came back")
        return results

    def _probe(
        self, kind: str, sample: Sequence[ReadRequest], pin: object, block: BlockRef
    ) -> None:
        """Chooses the carrier of a kind: the first that answers the sample as plain requests do.
        Done once per endpoint."""
        abilities = self.abilities
        if kind in abilities.probed:
            return
        known = [ReadRequest("call", IDENTITY, "0xc0ffee")] if kind == "call" else []
        asked = [*known, *sample]
        truth = dict(zip(asked, self._plain(asked, pin, block), strict=True))
        sample = [r for r in truth if not isinstance(truth[r], NotRead)]
        if not sample:
            return
        carriers: list[Carrier] = [OverrideCaller()] if kind == "call" else [OverrideSlots()]
        if kind == "call":
            carriers.append(Multicall3())
        abilities.probed.add(kind)
        for carrier in carriers:
            problem = self._disagreement(carrier, sample, truth, pin, block)
            if not problem:
                if kind == "call":
                    abilities.calls = carrier
                else:
                    abilities.slots = carrier
                return
            abilities.why[f"{carrier.name} for {kind}s"] = problem

    def _disagreement(
        self,
        carrier: Carrier,
        sample: Sequence[ReadRequest],
        truth: dict[ReadRequest, Answer],
        pin: object,
        block: BlockRef,
    ) -> str:
        """Why a carrier cannot be used; '' when it answers the sample as plain requests did."""
        if isinstance(carrier, Multicall3):
            code = self._pool.batch([("eth_getCode", [MULTICALL3, pin])], probing=True)[0]
            if not isinstance(code, str) or len(code) <= 2:
                return "no contract at its address at this block"
        try:
            results = self._ask(carrier, sample, pin, block)
        except CarrierError as error:
            return _short(str(error))
        for request, (success, data) in zip(sample, results, strict=False):
            answer = truth[request]
            same = answer == Value(data) if success else isinstance(answer, Reverted)
            if not same:
                return "its answers differ from plain requests"
        return "" if len(results) == len(sample) else "it left calls unanswered"

    def _plain(self, requests: Sequence[ReadRequest], pin: object, block: BlockRef) -> list[Answer]:
        """Plain requests, as JSON-RPC batches or singly, whatever the endpoint takes."""
        if not requests:
            return []
        reader = _reader(requests)
        answers = self._pool.batch([_plain_request(r, pin) for r in requests], reader)
        return [
            self._answer(request, answer, block)
            for request, answer in zip(requests, answers, strict=True)
        ]

    @staticmethod
    def _answer(request: ReadRequest, answer: object, block: BlockRef) -> Answer:
        """What a plain answer means. Raises UnreadError when the state is not there at all."""
        if isinstance(answer, Value):
            return answer
        if isinstance(answer, Fault):
            if answer.kind in _WITHOUT_BLOCK:
                raise _no_state(block, answer)
            if answer.kind is FaultKind.REVERT and request.kind == "call":
                return Reverted(answer.data or b"", revert_text(answer))
        return NotRead(f"{request.label or request.to}: {answer}")

    def _check_still_there(self, block: BlockRef) -> None:
        """After reads by number: the block has to be the one that was meant."""
        request: Request = ("eth_getBlockByNumber", [hex(block.number), False])
        answer = self._pool.batch([request], lambda _, result: parse_header(result))[0]
        if not isinstance(answer, BlockRef):
            raise UnreadError(
                f"the node does not give the header of block {block.number}: {answer}"
            )
        if answer.hash != block.hash:
            raise UnreadError(
                f"block {block.number} changed while it was read: it was {block.hash}, now"
                f" {answer.hash}; run again"
            )


_PLAIN = {"call": "eth_call", "slot": "eth_getStorageAt", "code_hash": "eth_getCode"}


def _plain_request(request: ReadRequest, pin: object) -> Request:
    """The JSON-RPC request of one read."""
    method = _PLAIN[request.kind]
    if request.kind == "call":
        return method, [{"to": request.to, "data": request.data}, pin]
    if request.kind == "slot":
        return method, [request.to, request.data, pin]
    return method, [request.to, pin]


def _reader(requests: Sequence[ReadRequest]) -> Reader:
    """What the results of plain requests mean. Raises (when read) UnreadError for no such data."""

    def read(place: int, result: object) -> Value:
        data, kind = _bytes(result), requests[place].kind
        if kind == "slot" and len(data) > 32:
            raise CarrierError(f"the node answered a slot with {len(data)} bytes")
        if kind == "slot":
            return Value(data.rjust(32, b"\0"))
        return Value(keccak(data) if kind == "code_hash" else data)

    return read


def _bytes(answer: object) -> bytes:
    """The bytes of a hex answer. Raises CarrierError for anything else."""
    if isinstance(answer, str) and answer.startswith("0x"):
        try:
            data = bytes.fromhex(answer[2:])
        except ValueError:
            data = b""
        # fromhex skips white space, which is no hex digit.
        if 2 * len(data) + 2 == len(answer):
            return data
    raise CarrierError(f"the node answered no hex data but {shown(answer)}")


def _short(answer: object) -> str:
    return shown(answer if isinstance(answer, str) else str(answer), 120)


def _no_state(block: BlockRef, fault: Fault) -> UnreadError:
    """The error for a block that the node cannot read any more (exit code 3)."""
    return UnreadError(
        f"the node has no state at block {block.number} ({fault.message}):"
        " it takes a node that keeps it, usually an archive node"
    )
