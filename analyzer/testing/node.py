"""A JSON-RPC node on 127.0.0.1 that answers truly but for the faults that it was given.

with FaultNode(Recorded("evidence.zip"), [Fault("logs-empty", times=2)], seed=7) as node:
    scan(node.url)
    assert node.hits["logs-empty"] == 2
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from analyzer.testing.carried import inner_result, unpack_bulk
from analyzer.testing.kinds.kind import UNCHANGED, Answers, Moment, Stage
from analyzer.testing.kinds.refusals import instead
from analyzer.testing.rpc import Ask, JsonObject, RefusedError
from analyzer.testing.schedule import Fault, Scheduled
from analyzer.testing.source import ChainSource, Steady, answer, name_blocks, resolve
from analyzer.testing.wire import HttpWire

_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Hit:
    """One fault that happened: in which exchange (counted from 1), of which kind, and which
    methods the exchange asked for."""

    exchange: int
    kind: str
    methods: tuple[str, ...]


class FaultNode:
    """The node; use it in a `with` statement.

    source: who answers truly (`Recorded`, `InMemory`, `Upstream`). faults: they act in their
    order; of those that answer a whole HTTP exchange the first that is due does. seed: of all
    chance. `hits` counts faults by kind, `log` lists them, `asked` counts requests by method,
    `exchanges` counts POSTs. Equal requests in equal order meet equal faults.
    """

    def __init__(self, source: ChainSource, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        self.source = source
        self.seed = seed
        self.hits: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.log: list[Hit] = []
        self.exchanges = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._work: list[Scheduled] = []
        self.plan(faults)

    @property
    def url(self) -> str:
        """Where it serves."""
        if self._server is None:
            raise RuntimeError("a FaultNode serves inside its `with` statement only")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def plan(self, faults: Sequence[Fault], *, seed: int | None = None) -> None:
        """Replaces all faults, with fresh counters; hits go on being counted. () = honest."""
        with self._lock:
            self.seed = self.seed if seed is None else seed
            self._work = [
                Scheduled(fault, random.Random(f"{self.seed} {place} {fault.kind}"))
                for place, fault in enumerate(faults)
            ]

    def __enter__(self) -> FaultNode:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def exchange(self, handler: BaseHTTPRequestHandler) -> None:
        """One POST: reads it, answers it, or does to it what is due."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        asked = json.loads(body)
        batch = isinstance(asked, list)
        items: list[JsonObject] = asked if batch else [asked]
        asks = [Ask(str(item["method"]), list(item.get("params") or [])) for item in items]
        with self._lock:
            self.exchanges += 1
            self.asked.update(ask.method for ask in asks)
            document = self._document(items, asks, batch)
            due = self._first(Stage.WIRE, asks)
        body = json.dumps(document, separators=(",", ":")).encode()
        if due is None:
            HttpWire(handler, self._closing).send(body)
            return
        moment = due.moment(asks, self.source)

        def begun() -> None:
            with self._lock:
                self._hit(due, moment, asks)

        # Outside the lock: an answer may last as long as somebody reads it.
        due.kind.apply(moment, body, HttpWire(handler, self._closing, begun))

    def _document(self, items: Sequence[JsonObject], asks: list[Ask], batch: bool) -> Any:
        """The JSON of an answer, before it goes onto the wire."""
        source = Steady(self._world(asks))
        for ask in asks:
            name_blocks(source, ask)
        results = self._results(source, asks)
        answers: Answers = [
            {"jsonrpc": "2.0", "id": item.get("id"), **_member(result)}
            for item, result in zip(items, results, strict=True)
        ]
        for scheduled in self._of(Stage.ENVELOPE):
            if scheduled.due(asks):
                moment = scheduled.moment(asks, source)
                changed = scheduled.kind.apply(moment, answers, batch)
                if changed is not UNCHANGED:
                    # The shape is no longer that of answers: no second kind may change it.
                    self._hit(scheduled, moment, asks)
                    return changed
        return answers if batch else answers[0]

    def _world(self, asks: list[Ask]) -> ChainSource:
        """The chain that answers this exchange."""
        source = self.source
        steady = Steady(source)
        for ask in asks:
            name_blocks(steady, ask)
        for scheduled in self._of(Stage.WORLD):
            if scheduled.due(asks):
                moment = scheduled.moment(asks, source)
                changed = scheduled.kind.apply(moment)
                if changed is not UNCHANGED:
                    source = changed
                    self._hit(scheduled, moment, asks)
        return source

    def _results(self, source: ChainSource, asks: Sequence[Ask]) -> list[object]:
        """The result or the RefusedError of each request, with refusals and lies in them."""
        results: list[object] = [self._refusal(source, ask) for ask in asks]
        open_ = [i for i, found in enumerate(results) if found is UNCHANGED]
        for i, found in zip(open_, self._true(source, [asks[i] for i in open_]), strict=True):
            results[i] = found
        return [self._lied(source, ask, r) for ask, r in zip(asks, results, strict=True)]

    def _refusal(self, source: ChainSource, ask: Ask) -> object:
        """What is answered in place of the truth; UNCHANGED = the truth is."""
        ask.bulk = ask.method == "eth_call" and not ask.inside and _carries(ask)
        for scheduled in self._of(Stage.REFUSAL):
            if scheduled.due([ask]):
                moment = scheduled.moment([ask], source)
                found = scheduled.kind.apply(moment)
                if found is not UNCHANGED:
                    self._hit(scheduled, moment, [ask])
                    result = instead(found)
                    return found if result is None else result
        return UNCHANGED

    def _lied(self, source: ChainSource, ask: Ask, result: object) -> object:
        """A result with lies in it; errors stay what they are."""
        for scheduled in self._of(Stage.RESULT):
            if isinstance(result, RefusedError):
                break
            if scheduled.due([ask]):
                moment = scheduled.moment([ask], source)
                changed = scheduled.kind.apply(moment, result)
                if changed is not UNCHANGED:
                    self._hit(scheduled, moment, [ask])
                    result = changed
        return result

    def _true(self, source: ChainSource, asks: Sequence[Ask]) -> list[object]:
        """True results; plain calls at one block are asked of the source together."""
        results: list[object] = [None] * len(asks)
        together: dict[int, list[int]] = {}
        for i, ask in enumerate(asks):
            try:
                if ask.bulk:
                    results[i] = self._bulk(source, ask)
                elif ask.method == "eth_call" and len(ask.params) > 1:
                    number = resolve(source, ask.params[1])
                    if number > source.head():
                        raise RefusedError(-32000, "header not found")
                    together.setdefault(number, []).append(i)
                else:
                    results[i] = answer(source, ask)
            except RefusedError as refused:
                results[i] = refused
        for number, places in together.items():
            calls = [(asks[i].to, asks[i].data) for i in places]
            for i, found in zip(places, source.calls(number, calls), strict=True):
                results[i] = found
        return results

    def _bulk(self, source: ChainSource, ask: Ask) -> object:
        """The answer of a bulk call: what it carries is asked and lied about one by one."""
        carried = unpack_bulk(ask)
        if carried is None:
            return answer(source, ask)
        inside = [inner for entry in carried.entries for inner in entry]
        for inner in inside:
            inner.blocks = ask.blocks
        results = iter(self._results(source, inside))
        return carried.pack([inner_result([next(results) for _ in e]) for e in carried.entries])

    def _of(self, stage: Stage) -> list[Scheduled]:
        """The faults of a stage."""
        return [scheduled for scheduled in self._work if scheduled.kind.stage is stage]

    def _first(self, stage: Stage, asks: Sequence[Ask]) -> Scheduled | None:
        """The first fault of a stage that is due; all of them count the exchange."""
        due = [scheduled for scheduled in self._of(stage) if scheduled.due(asks)]
        return due[0] if due else None

    def _hit(self, scheduled: Scheduled, moment: Moment, asks: Sequence[Ask]) -> None:
        """Counts a hit, unless its kind said that it was none."""
        if moment.counts:
            scheduled.hits += 1
            self._count(scheduled, asks)

    def _count(self, scheduled: Scheduled, asks: Sequence[Ask]) -> None:
        """Writes a hit down."""
        name = scheduled.fault.kind
        self.hits[name] += 1
        methods = tuple(dict.fromkeys(ask.method for ask in asks))
        self.log.append(Hit(self.exchanges, name, methods))


def _carries(ask: Ask) -> bool:
    """Whether an eth_call has a state override, or goes to a Multicall3."""
    if len(ask.params) > 2:
        return True
    try:
        return unpack_bulk(ask) is not None
    except RefusedError:
        return True


def _member(result: object) -> JsonObject:
    """The member of an answer that holds a result or an error."""
    return {"error": result.error} if isinstance(result, RefusedError) else {"result": result}


class _Server(ThreadingHTTPServer):
    """A server whose threads end with it, and that says nothing of clients that go away."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Shows what is a mistake of ours; a client that went away is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Closes a connection that may be closed already."""
        with contextlib.suppress(OSError):
            super().shutdown_request(request)


def _handler(node: FaultNode) -> type[BaseHTTPRequestHandler]:
    """The request handler of one node."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body in one packet: else each answer waits for an ACK

        def do_POST(self) -> None:
            node.exchange(self)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the output is the caller's."""

    return Handler
