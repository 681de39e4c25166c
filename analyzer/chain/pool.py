"""The endpoints of one chain, asked one at a time: retry, pace, failover, batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from analyzer.chain.endpoint import READ_SECONDS, Endpoint, TransportError
from analyzer.chain.faults import Fault, FaultKind, read_fault
from analyzer.chain.pace import Pace
from analyzer.model.errors import InputError, UnreadError

Request: TypeAlias = tuple[str, list[object]]
"""A JSON-RPC method and its parameters."""

TRIES = 6
"""How often the only endpoint is asked; half as often where there is another one to go to."""
_AGAIN = frozenset({FaultKind.RATE, FaultKind.TRANSIENT})
_LONG_WAIT_S = 5.0
"""A pause that an endpoint asks for and that is worth going to another endpoint."""
_LONGEST_WAIT_S = 120.0
"""A pause that nobody sits through: the run ends and says so."""
_TRIES_FIRST = 3
"""Tries to reach an endpoint at all."""


class RpcError(UnreadError):
    """The node answered with an error. `fault` says what it means."""

    def __init__(self, method: str, endpoint: str, fault: Fault) -> None:
        super().__init__(f"{endpoint}: {method}: {fault}")
        self.fault = fault


@dataclass(slots=True)
class _Work:
    """The requests of one exchange, their answers, and which of them are still open."""

    requests: Sequence[Request]
    answers: list[object]
    open: list[int]
    tried: dict[int, str] = field(default_factory=dict)
    """Endpoint number -> why it was left."""

    def settle(self, places: Sequence[int], answers: Sequence[object]) -> None:
        """Notes answers by their places."""
        for place, answer in zip(places, answers, strict=True):
            self.answers[place] = answer


class Pool:
    """Endpoints that serve one chain. The first that works is used until it fails.

    `chain_id`: the one that every endpoint must have; None = the first that answers says it.
    Every endpoint's chain id is checked before its first use and again whenever the pool goes
    back to it. Raises InputError when every endpoint is of another chain, UnreadError when none
    answers. `requests` counts HTTP exchanges.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int | None = None,
        tries: int = TRIES,
        timeout: float = READ_SECONDS,
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
        self.requests = 0
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

    def batch(self, requests: Sequence[Request]) -> list[object]:
        """The results of many requests, in order; the error of one is a Fault in its place.

        Sent as plain JSON-RPC batches of a size that the endpoint takes. Rate limits and passing
        errors are retried, then another endpoint is asked; what still fails is a Fault. Raises
        UnreadError when no endpoint answers at all.
        """
        work = _Work(requests, [None] * len(requests), list(range(len(requests))))
        while work.open:
            problem = self._ask(work)
            if not work.open:
                break
            work.tried[self._current] = problem
            if self._others(work.tried):
                self._go_on(work.tried)
            elif all(isinstance(work.answers[i], Fault) for i in work.open):
                break
            else:
                raise UnreadError(f"no endpoint answers: {'; '.join(work.tried.values())}")
        return work.answers

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
        work = _Work([("eth_chainId", [])], [None], [0], {-1: ""})
        problem = self._ask(work, most_tries=_TRIES_FIRST)
        answer = work.answers[0]
        if problem:
            return problem
        try:
            found = int(str(answer), 16)
        except ValueError:
            return f"{endpoint.name} gives no chain id ({answer})"
        if self._expected is None:
            self._expected = found
        if found != self._expected:
            endpoint.refused = f"{endpoint.name} is of chain {found}, not of chain {self._expected}"
        return endpoint.refused

    def _ask(self, work: _Work, *, most_tries: int = 100) -> str:
        """The turn of the endpoint in use: settles what it can; returns why it is to be left,
        '' when nothing is left to do."""
        pace = self._paces[self._current]
        alternatives = len(self._others({self._current: "", **work.tried}))
        tries = min(max(2, self._tries // 2) if alternatives else self._tries, most_tries)
        problem = ""
        for attempt in range(tries):
            if attempt:
                pace.backoff(attempt - 1)
            try:
                problem = self._turn(work, leave_without_state=bool(alternatives))
            except TransportError as error:
                problem = str(error)
                if error.limited:
                    pace.limited(error.retry_after)
                wait = error.retry_after or 0.0
                if wait > _LONGEST_WAIT_S:
                    return f"{problem} and asks to come back in {wait:.0f} s"
                if error.final or (alternatives and wait > _LONG_WAIT_S):
                    return problem
                if error.less and attempt:
                    self._settle_as_too_much(work, problem)
                    return ""
            if not work.open:
                return ""
            if alternatives and all(_is(work.answers[i], FaultKind.NO_STATE) for i in work.open):
                return problem
        return problem

    def _settle_as_too_much(self, work: _Work, problem: str) -> None:
        """A question that the server does not take or does not finish is the asker's to split."""
        work.settle(work.open, [Fault(FaultKind.TIMEOUT, None, problem)] * len(work.open))
        work.open = []

    def _turn(self, work: _Work, *, leave_without_state: bool) -> str:
        """Sends what is open, in as many posts as the batch size asks; returns a problem that is
        worth another turn, or ''."""
        endpoint, pace = self.endpoint, self._paces[self._current]
        waiting, again, problem = work.open, [], ""
        retried = _AGAIN | {FaultKind.NO_STATE} if leave_without_state else _AGAIN
        while waiting:
            size = max(endpoint.batch_size, 1)
            part = waiting[:size]
            try:
                got = self._post(endpoint, pace, [work.requests[i] for i in part])
            except TransportError as error:
                if error.less and len(part) > 1:
                    self._shrink(endpoint, len(part))
                    continue
                raise
            if isinstance(got, Fault):
                if got.kind not in _AGAIN and len(part) > 1:
                    self._shrink(endpoint, len(part))
                    continue
                got = [got] * len(part)
            elif len(part) == size:
                endpoint.batch_size = min(2 * size, endpoint.largest_batch)
            waiting = waiting[len(part) :]
            work.settle(part, got)
            failed = [
                (i, f)
                for i, f in zip(part, got, strict=True)
                if isinstance(f, Fault) and f.kind in retried
            ]
            again += [i for i, _ in failed]
            work.open = again + waiting
            if any(fault.kind is FaultKind.RATE for _, fault in failed):
                pace.limited()
            else:
                pace.success()
            problem = f"{endpoint.name}: {failed[0][1]}" if failed else problem
        return problem

    @staticmethod
    def _shrink(endpoint: Endpoint, refused: int) -> None:
        """Notes that a batch of `refused` requests was too large."""
        endpoint.largest_batch = endpoint.batch_size = max(1, refused // 2)

    def _post(
        self, endpoint: Endpoint, pace: Pace, requests: list[Request]
    ) -> list[object] | Fault:
        """One HTTP exchange; a Fault when the node refused the batch as a whole."""
        pace.before()
        self.requests += 1
        ids = [next(self._ids) for _ in requests]
        messages = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
            for i, (method, params) in zip(ids, requests, strict=True)
        ]
        body = orjson.dumps(messages if len(messages) > 1 else messages[0])
        content = endpoint.post(body, timeout=self._timeout)
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            start = " ".join(content[:60].decode(errors="replace").split())
            raise TransportError(
                f"{endpoint.name} answered no JSON ('{endpoint.scrub(start)}...')", final=True
            ) from None
        if isinstance(answer, dict) and (len(ids) > 1 or answer.get("id") is None):
            return _fault(endpoint, answer)
        items = answer if isinstance(answer, list) else [answer]
        by_id = {item.get("id"): item for item in items if isinstance(item, dict)}
        return [_result(endpoint, by_id.get(i)) for i in ids]


def _is(answer: object, kind: FaultKind) -> bool:
    """Whether an answer is a Fault of that kind."""
    return isinstance(answer, Fault) and answer.kind is kind


def _result(endpoint: Endpoint, item: object) -> object:
    """The result in one member of an answer, or its Fault."""
    if not isinstance(item, dict):
        return Fault(FaultKind.TRANSIENT, None, "the node left this request unanswered")
    if item.get("error") is not None or "result" not in item:
        return _fault(endpoint, item)
    return item["result"]


def _fault(endpoint: Endpoint, item: dict[str, object]) -> Fault:
    """The Fault of an answer, its text without the endpoint's secrets."""
    fault = read_fault(item.get("error") or "an answer with neither result nor error")
    return Fault(fault.kind, fault.code, endpoint.scrub(fault.message), fault.data)
