"""The endpoints of one chain, asked one at a time: retry, pace, failover, batches.

question ──▶ the endpoint in use ──▶ an answer that can be right         ──▶ done
               │        ▲     └────▶ a refusal of so much, of who can ask ──▶ back to who asks
               │        └─ passing: so often as its kind is worth             for less
               └──▶ still a fault: the next endpoint, then the fault is the answer
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from analyzer.chain.answers import read_answer
from analyzer.chain.endpoint import Endpoint, TransportError, shown
from analyzer.chain.faults import Fault, FaultKind
from analyzer.chain.pace import Pace
from analyzer.model.errors import AnalyzerError, InputError, UnreadError

Request: TypeAlias = tuple[str, list[object]]
"""A JSON-RPC method and its parameters."""
Reader: TypeAlias = Callable[[int, object], object]
"""(place of the request, its result) -> what the result means, or a Fault. Raises UnreadError for
a result that cannot be right: that is a fault of the endpoint, and another one may do better."""

TRIES = 6
"""How often the only endpoint is asked; half as often where there is another one to go to."""
_TRIES_FIRST = 3
"""Tries to reach an endpoint at all."""
_TRIES = {
    FaultKind.NO_BLOCK: 4,
    FaultKind.MALFORMED: 4,
    FaultKind.TIMEOUT: 2,
    FaultKind.OTHER: 2,
}
"""How often a question is asked that is answered so; what is not listed is no passing weakness."""
_PASSING = frozenset({FaultKind.RATE, FaultKind.LIMIT, FaultKind.TRANSIENT})
"""Asked as often as an endpoint is asked at all."""
_TRIES_OF_MUCH = 2
"""Tries of what can be asked for in smaller pieces."""
_LONG_WAIT_S = 5.0
"""A pause that an endpoint asks for and that is worth going to another endpoint."""
_LONGEST_WAIT_S = 120.0
"""A pause that nobody sits through: the run ends and says so."""
_LARGEST_CHAIN_ID = (1 << 64) - 1


class RpcError(UnreadError):
    """The node answered with an error. `fault` says what it means."""

    def __init__(self, method: str, endpoint: str, fault: Fault) -> None:
        super().__init__(f"{endpoint}: {method}: {fault}")
        self.fault = fault


@dataclass(slots=True)
class _Work:
    """The requests of one exchange, their answers, and which of them are still open.

    divisible, probing, logs: see `Pool.batch`. left: places that the endpoint in use will not
    answer, and another one may. tried: endpoint number -> why it was left.
    """

    requests: Sequence[Request]
    read: Reader
    divisible: bool = False
    probing: bool = False
    logs: bool = False
    answers: list[object] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    tried: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.answers = [None] * len(self.requests)
        self.open = list(range(len(self.requests)))

    def settle(self, places: Sequence[int], answers: Sequence[object]) -> None:
        """Notes answers by their places. The first endpoint's fault stays until there is an
        answer: what a second one does not know is no better reason."""
        for place, answer in zip(places, answers, strict=True):
            if not (isinstance(answer, Fault) and self.tried and self.told(place)):
                self.answers[place] = answer

    def told(self, place: int) -> bool:
        """Whether the endpoint said what is wrong with this request."""
        return isinstance(self.answers[place], Fault)

    def tries(self, kind: FaultKind, most: int) -> int:
        """How often an endpoint is asked what it answers with a fault of this kind."""
        if kind in _PASSING or kind is FaultKind.NO_BLOCK:
            most = min(most, _TRIES.get(kind, most))
            if self.divisible:
                return 1 if kind is FaultKind.LIMIT else min(most, _TRIES_OF_MUCH)
            return most
        if self.probing or (self.divisible and kind is not FaultKind.MALFORMED):
            return 1
        return min(most, _TRIES.get(kind, 1))

    def elsewhere(self, kind: FaultKind) -> bool:
        """Whether another endpoint may do better than a fault of this kind. A revert is an answer;
        a refusal of much is for who asks to make smaller; who probes wants to know this one."""
        if kind is FaultKind.REVERT:
            return False
        if kind in (FaultKind.NO_STATE, FaultKind.NO_BLOCK, FaultKind.RATE):
            return True
        if kind is FaultKind.MALFORMED:
            return not self.probing
        return not self.divisible and (kind in _PASSING or not self.probing)


class Pool:
    """Endpoints that serve one chain. The first that works is used until it fails.

    `chain_id`: the one that every endpoint must have; None = the first that answers says it.
    Every endpoint's chain id is checked before its first use and again whenever the pool goes
    back to it. `timeout`: seconds for one whole answer; None = as the limits say. Raises InputError
    when every endpoint is of another chain, UnreadError when none answers. `requests` counts HTTP
    exchanges, `asked` the requests in them, by method; `sent` and `received` bytes of bodies,
    unpacked.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int | None = None,
        tries: int = TRIES,
        timeout: float | None = None,
        pace: Callable[[], Pace] = Pace,
    ) -> None:
        if not urls:
            raise InputError("no RPC URL was given")
        self.endpoints = [Endpoint.of(url) for url in dict.fromkeys(u.strip() for u in urls)]
        self._paces = [pace() for _ in self.endpoints]
        self._ids = itertools.count(1)
        self._tries = tries
        self._timeout = timeout
        self._current = -1
        self.requests = self.sent = self.received = 0
        self.asked: Counter[str] = Counter()
        self._expected = chain_id
        self._go_on({})
        assert self._expected is not None  # the endpoint in use has said it
        self.chain_id: int = self._expected

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint in use."""
        return self.endpoints[self._current]

    def call(self, method: str, params: list[object]) -> object:
        """The result of one request. Raises RpcError for the node's error, UnreadError when no
        endpoint answers."""
        answer = self.batch([(method, params)])[0]
        if isinstance(answer, Fault):
            raise RpcError(method, self.endpoint.name, answer)
        return answer

    def batch(
        self,
        requests: Sequence[Request],
        read: Reader = lambda place, result: result,
        *,
        divisible: bool = False,
        probing: bool = False,
        logs: bool = False,
    ) -> list[object]:
        """What `read` makes of the results of many requests, in order; the error of one is a Fault
        in its place.

        Sent as plain JSON-RPC batches of a size that the endpoint takes. Passing faults are asked
        again, then another endpoint is asked; what still fails is a Fault. divisible: who asks can
        ask for less, so that a refusal that may be one of size is given back at once. probing: who
        asks wants to know whether this very endpoint can do it. logs: arrays of logs come to `read`
        as `LogText` where they are compact. Raises UnreadError when no endpoint answers at all.
        """
        work = _Work(requests, read, divisible, probing, logs)
        teller = -1
        while work.open:
            problem = self._ask(work)
            if not work.open:
                return work.answers
            work.tried[self._current] = problem
            told = all(map(work.told, work.open))
            if told and teller < 0:
                teller = self._current
            if self._others(work.tried):
                try:
                    self._go_on(work.tried)
                    continue
                except AnalyzerError:
                    if not told:
                        raise
            if not told:
                raise UnreadError(f"no endpoint answers: {'; '.join(work.tried.values())}")
            # Nobody did better than the first that answered at all: it stays in use.
            self._current = teller
            break
        return work.answers

    def leave(self, left: dict[int, str], problem: str) -> bool:
        """Takes another endpoint than those in `left` because the one in use contradicts itself;
        whether there is one that answers. `left` (endpoint number -> problem) grows."""
        left[self._current] = problem
        before = self._current
        try:
            if self._others(left):
                self._go_on(left)
                return True
        except AnalyzerError:
            self._current = before
        return False

    def count(self, other: Pool) -> None:
        """Counts what another pool sent and received as this one's."""
        self.requests += other.requests
        self.asked.update(other.asked)
        self.sent += other.sent
        self.received += other.received

    def close(self) -> None:
        """Closes all connections."""
        for endpoint in self.endpoints:
            endpoint.close()

    def _others(self, tried: dict[int, str]) -> list[int]:
        """The endpoints that are left to try, the next one first."""
        count = len(self.endpoints)
        order = [(self._current + step) % count for step in range(1, count + 1)]
        return [i for i in order if i not in tried and not self.endpoints[i].refused]

    def _go_on(self, tried: dict[int, str]) -> None:
        """Takes the next endpoint that answers with the right chain id.

        Raises InputError when all are of another chain, UnreadError when none answers.
        """
        for candidate in self._others(tried):
            self._current = candidate
            problem = self._identify(self.endpoints[candidate])
            if not problem:
                return
            tried[candidate] = problem
        refused = [e.refused for e in self.endpoints if e.refused]
        if len(refused) == len(self.endpoints):
            raise InputError("; ".join(refused))
        raise UnreadError(
            f"no endpoint answers: {'; '.join(dict.fromkeys([*tried.values(), *refused]))}"
        )

    def _identify(self, endpoint: Endpoint) -> str:
        """Asks the endpoint in use for its chain id; '' when it is right, else what is wrong."""
        work = _Work([("eth_chainId", [])], _read_chain_id)
        problem = self._ask(work, most_tries=_TRIES_FIRST, alone=True)
        answer = work.answers[0]
        if isinstance(answer, Fault):
            return f"{endpoint.name} gives no chain id ({answer})"
        if not isinstance(answer, int):
            return problem
        if self._expected is None:
            self._expected = answer
        if answer != self._expected:
            endpoint.refused = (
                f"{endpoint.name} is of chain {answer}, not of chain {self._expected}"
            )
        return endpoint.refused

    def _ask(self, work: _Work, *, most_tries: int = 100, alone: bool = False) -> str:
        """The turn of the endpoint in use: settles what it can, leaves open what another one may
        answer; returns why it is to be left, '' when nothing is left to do. alone: nobody else is
        to be asked."""
        pace = self._paces[self._current]
        others = [] if alone else self._others({self._current: "", **work.tried})
        tries = min(max(2, self._tries // 2) if others else self._tries, most_tries)
        problem = ""
        work.left = []
        attempt, open_before = 0, len(work.open)
        while attempt < tries:
            if attempt:
                pace.backoff(attempt - 1)
            try:
                problem = self._turn(work, attempt, tries) or problem
            except TransportError as error:
                problem = str(error)
                if error.limited:
                    pace.limited(error.retry_after)
                wait = error.retry_after or 0.0
                if wait > _LONGEST_WAIT_S:
                    problem = f"{problem} and asks to come back in {wait:.0f} s"
                    break
                if work.divisible and self._too_much(error, attempt, bool(others)):
                    kind = FaultKind.RATE if error.limited else FaultKind.TIMEOUT
                    work.settle(work.open, [Fault(kind, None, problem)] * len(work.open))
                    work.open = []
                    break
                if error.final or (others and wait > _LONG_WAIT_S):
                    break
            if not work.open:
                break
            # Tries in vain are counted: of a long batch, many parts may need a second one.
            attempt = attempt + 1 if len(work.open) == open_before else 1
            open_before = len(work.open)
        work.open = sorted(work.open + work.left) if others else work.open
        return problem if work.open else ""

    @staticmethod
    def _too_much(error: TransportError, attempt: int, others: bool) -> bool:
        """Whether a question that the server does not take or does not finish is given back to who
        asked, to be split. A limit of rate is first somebody else's to answer."""
        if error.limited:
            return attempt > 0 and not others
        return error.less and (error.sure or attempt > 0)

    def _turn(self, work: _Work, attempt: int, tries: int) -> str:
        """Sends what is open, in as many posts as the size of a batch asks; what is worth another
        try stays open, what only another endpoint may answer is left. Returns a problem or ''."""
        endpoint, pace = self.endpoint, self._paces[self._current]
        waiting, again, problem, seen = work.open, list[int](), "", attempt
        while waiting:
            part = waiting[: endpoint.batch.now]
            try:
                got = self._post(endpoint, pace, work, part)
            except TransportError as error:
                if len(part) == 1 or not self._too_many(error, seen):
                    raise
                if error.limited:
                    pace.limited(error.retry_after)
                self._shrink(endpoint, pace, len(part))
                continue
            if isinstance(got, Fault):
                if len(part) > 1 and (got.kind not in _PASSING or attempt):
                    always = got.kind is FaultKind.BATCH
                    self._shrink(endpoint, pace, len(part), always=always)
                    continue
                got = [got] * len(part)
            else:
                endpoint.batch.answered(len(part))
            seen = 0
            waiting = waiting[len(part) :]
            work.settle(part, got)
            faults = [(i, f) for i, f in zip(part, got, strict=True) if isinstance(f, Fault)]
            worth = [i for i, f in faults if attempt + 1 < work.tries(f.kind, tries)]
            kept = set(worth)
            again += worth
            work.left += [i for i, f in faults if i not in kept and work.elsewhere(f.kind)]
            work.open = again + waiting
            self._heed(pace, work, [fault for _, fault in faults])
            open_faults = [f for i, f in faults if i in kept or work.elsewhere(f.kind)]
            problem = f"{endpoint.name}: {open_faults[0]}" if open_faults else problem
        return problem

    @staticmethod
    def _too_many(error: TransportError, seen: int) -> bool:
        """Whether a batch is tried again with fewer requests. seen: how often it failed before,
        because what fails once may be passing."""
        if error.limited:
            return seen > 0 and (error.retry_after or 0.0) <= _LONG_WAIT_S
        return error.sure or (seen > 0 and error.less)

    @staticmethod
    def _heed(pace: Pace, work: _Work, faults: Sequence[Fault]) -> None:
        """Sends more slowly after a limit of rate, and takes a breath after one that may be of
        size: who asks comes back at once, with less."""
        kinds = {fault.kind for fault in faults}
        if work.divisible and kinds & {FaultKind.LIMIT, FaultKind.RATE}:
            pace.backoff(0)
        if FaultKind.RATE in kinds or (FaultKind.LIMIT in kinds and not work.divisible):
            pace.limited()
        elif FaultKind.LIMIT not in kinds:
            pace.success()

    @staticmethod
    def _shrink(endpoint: Endpoint, pace: Pace, refused: int, *, always: bool = False) -> None:
        """Notes that a batch of `refused` requests was too large, for now or always."""
        endpoint.batch.refuse(refused, always=always)
        pace.backoff(0)

    def _post(
        self, endpoint: Endpoint, pace: Pace, work: _Work, places: Sequence[int]
    ) -> list[object] | Fault:
        """One HTTP exchange; a Fault when the node refused the batch as a whole."""
        pace.before()
        self.requests += 1
        self.asked.update(work.requests[place][0] for place in places)
        ids = [next(self._ids) for _ in places]
        messages = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
            for i, (method, params) in zip(ids, (work.requests[p] for p in places), strict=True)
        ]
        body = orjson.dumps(messages if len(messages) > 1 else messages[0])
        content = endpoint.post(body, timeout=self._timeout)
        self.sent += len(body)
        self.received += len(content)
        results = read_answer(endpoint, content, ids, logs=work.logs)
        if isinstance(results, Fault):
            return results
        return [
            _meaning(endpoint, work.read, place, result)
            for place, result in zip(places, results, strict=True)
        ]


def _meaning(endpoint: Endpoint, read: Reader, place: int, result: object) -> object:
    """What a result means to who asked, or the Fault that it is."""
    if isinstance(result, Fault):
        return result
    try:
        return read(place, result)
    except UnreadError as error:
        return Fault(FaultKind.MALFORMED, None, endpoint.scrub(str(error)))


def _read_chain_id(_place: int, result: object) -> int:
    """The chain id in an answer. Raises UnreadError for what is none."""
    text = result if isinstance(result, str) else ""
    try:
        found = int(text, 16) if text.startswith("0x") and len(text) <= 18 else -1
    except ValueError:
        found = -1
    if not 0 < found <= _LARGEST_CHAIN_ID:
        raise UnreadError(f"the answer is {shown(result)}")
    return found
