"""A live chain: a pool of endpoints behind the interface that the rest of the house knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from analyzer.chain.base import NO_END, NOT_SAMPLED, LogChunk, Progress
from analyzer.chain.blocks import block_at, parse_block
from analyzer.chain.bulk import Abilities, BulkReader
from analyzer.chain.faults import Fault, FaultKind
from analyzer.chain.logs import LogReader
from analyzer.chain.pace import Pace
from analyzer.chain.pool import TRIES, Pool, Reader, Request
from analyzer.chain.proofs.ask import ask_proof, ask_receipts
from analyzer.chain.proofs.source import Receipts, WantedWords
from analyzer.chain.size import Size
from analyzer.chain.wire import parse_header
from analyzer.model.block import BlockRef
from analyzer.model.errors import AnalyzerError, InputError, UnreadError
from analyzer.model.logs import LogFilter
from analyzer.model.reads import Answer, NotRead, ReadRequest

NEAR_HEAD = 128
"""So many blocks below the head every header is read, whatever the node calls final."""


class Node:
    """One chain, read over one or more RPC URLs.

    `chain_id`: given, every endpoint must be of that chain; else the first that answers says it.
    Raises InputError for a malformed URL or when all endpoints are of another chain, UnreadError
    when none answers. `timeout`: seconds for one whole answer, None = as the limits say.
    `progress` is told of long reads. `whole_headers`: headers keep all that the node sent.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int | None = None,
        tries: int = TRIES,
        timeout: float | None = None,
        pace: Callable[[], Pace] = Pace,
        progress: Progress | None = None,
        whole_headers: bool = False,
    ) -> None:
        self._pool = Pool(urls, chain_id=chain_id, tries=tries, timeout=timeout, pace=pace)
        self.chain_id = self._pool.chain_id
        self._bulk = BulkReader(self._pool)
        self._logs = LogReader(self._pool, self.headers, self.settled)
        self._progress = progress
        self._whole = whole_headers

    @property
    def requests(self) -> int:
        """How many exchanges were made."""
        return self._pool.requests

    @property
    def asked(self) -> Counter[str]:
        """How many requests were made, by method."""
        return Counter(self._pool.asked)

    @property
    def bytes_sent(self) -> int:
        """Bytes of the bodies that were sent."""
        return self._pool.sent

    @property
    def bytes_received(self) -> int:
        """Bytes of the answers' bodies, unpacked."""
        return self._pool.received

    @property
    def logs_timed(self) -> bool:
        """Whether the logs that were read last came with their blocks' times."""
        return self._logs.timed

    @property
    def batch_size(self) -> int:
        """How many requests the endpoint in use is sent at once."""
        return self._pool.endpoint.batch.now

    @property
    def log_span(self) -> Size:
        """How many blocks the endpoint in use is asked for logs of at once, and what it refused; a
        copy."""
        return self._logs.span

    def resolve(self, text: str) -> BlockRef:
        """The block that `text` names (see `blocks`).

        Raises InputError for what is no block or lies beyond the head, UnreadError when the node
        cannot tell.
        """
        name = parse_block(text)
        if name.kind == "tag":
            return self._header("eth_getBlockByNumber", name.text, text)
        if name.kind == "hash":
            return self._header("eth_getBlockByHash", name.text, text)
        if name.kind == "number":
            return self._numbered(name.value, text)
        latest = self._header("eth_getBlockByNumber", "latest", "latest")
        if name.kind == "before_latest":
            if name.value > latest.number:
                raise InputError(f"'{text}' is before the first block: latest is {latest.number}")
            return self.headers([latest.number - name.value])[0]
        earliest = self._header("eth_getBlockByNumber", "earliest", "earliest")
        return block_at(name.value, earliest, latest, lambda n: self.headers([n])[0])

    def headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The headers of these blocks, in order. Raises UnreadError naming one that is missing."""
        return self._headers(numbers, self._whole)

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The same with all that the node sent. Raises UnreadError naming one that is missing."""
        return self._headers(numbers, True)

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Receipts | NotRead]:
        """All receipts of each block. Raises UnreadError when no endpoint answers."""
        return ask_receipts(self._pool, blocks)

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        """The nodes of each contract's proofs at a block. Raises UnreadError when no endpoint
        answers."""
        return ask_proof(self._pool, block, wanted)

    def _headers(self, numbers: Sequence[int], whole: bool) -> list[BlockRef]:
        """The headers of these blocks, in order, `whole` or what is used of them."""
        requests: list[Request] = [("eth_getBlockByNumber", [hex(n), False]) for n in numbers]
        out: list[BlockRef] = []
        answers = self._pool.batch(requests, _header_reader(numbers, whole))
        for number, answer in zip(numbers, answers, strict=True):
            if not isinstance(answer, BlockRef):
                raise UnreadError(f"the node does not give the header of block {number}: {answer}")
            out.append(answer)
        return out

    def logs(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """All logs of `filters` in `first..last`, in contiguous chunks. Raises UnreadError."""
        for chunk in self._logs.chunks(filters, first, last):
            if self._progress is not None:
                self._progress("blocks", chunk.last - first + 1, last - first + 1)
                self._progress("requests", self.requests, NO_END)
            yield chunk

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The reads at `block`, in order, by the best strategy that the endpoint has shown.

        Raises UnreadError when the block's state is not available.
        """
        total = len(requests)

        def tell(done: int) -> None:
            if self._progress is not None:
                self._progress("reads", done, total)

        return self._bulk.read(block, requests, progress=tell)

    def capabilities(self) -> list[tuple[str, str, str]]:
        """For each endpoint: its masked URL, the strategy it gets, and details for people.

        Probes every endpoint that is not refused; one that cannot be reached says so.
        """
        return [self._capability(i) for i in range(len(self._pool.endpoints))]

    def settled(self) -> int:
        """The block up to which the chain is finalized, and well below its head: there headers are
        read by sample. -1 where the node does not say it, and where headers are kept whole."""
        if self._whole:
            return NOT_SAMPLED
        tags = ("finalized", "latest")
        requests: list[Request] = [("eth_getBlockByNumber", [tag, False]) for tag in tags]
        found = self._pool.batch(requests, _header_reader([None, None]), probing=True)
        numbers = [one.number for one in found if isinstance(one, BlockRef)]
        if len(numbers) < len(tags):
            return NOT_SAMPLED
        return max(min(numbers[0], numbers[1] - NEAR_HEAD), NOT_SAMPLED)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.close()

    def _capability(self, index: int) -> tuple[str, str, str]:
        """The line of one endpoint, asked through a pool of its own."""
        endpoint = self._pool.endpoints[index]
        if endpoint.refused:
            return endpoint.name, "refused", endpoint.refused
        pool: Pool | None = None
        try:
            pool = Pool([endpoint.url], chain_id=self.chain_id, tries=2)
            request: Request = ("eth_getBlockByNumber", ["latest", False])
            latest = pool.batch([request], _header_reader([None]))[0]
            if not isinstance(latest, BlockRef):
                raise UnreadError(f"{endpoint.name} does not give block 'latest': {latest}")
            abilities = BulkReader(pool).probe(latest)
            batch = pool.endpoint.batch.now
        except AnalyzerError as error:
            return endpoint.name, "unreachable", str(error)
        finally:
            if pool is not None:
                self._pool.count(pool)
                pool.close()
        return endpoint.name, abilities.strategy(abilities.calls, batch), _details(abilities, batch)

    def _numbered(self, number: int, text: str) -> BlockRef:
        """The header of a number that somebody asked for. Raises InputError when it is beyond the
        head that the node itself names, UnreadError when it is not and the node lacks it."""
        answer = self._asked("eth_getBlockByNumber", hex(number), number)
        if isinstance(answer, BlockRef):
            return answer
        if isinstance(answer, Fault) and answer.kind is FaultKind.NO_BLOCK:
            head = self._header("eth_getBlockByNumber", "latest", "latest").number
            if number > head:
                raise InputError(f"there is no block '{text}' on this chain yet: latest is {head}")
        raise UnreadError(f"the node does not give block '{text}': {answer}")

    def _header(self, method: str, block: str, text: str) -> BlockRef:
        """One header by tag or hash. Raises InputError for a hash that the node does not know,
        UnreadError for a tag: every chain has a latest block."""
        answer = self._asked(method, block, None)
        if isinstance(answer, BlockRef):
            return answer
        unknown = isinstance(answer, Fault) and answer.kind is FaultKind.NO_BLOCK
        if unknown and method == "eth_getBlockByHash":
            raise InputError(f"there is no block '{text}' on this chain (yet)")
        raise UnreadError(f"the node does not give block '{text}': {answer}")

    def _asked(self, method: str, block: str, number: int | None) -> object:
        """One header, or the Fault in its place."""
        read = _header_reader([number], self._whole)
        return self._pool.batch([(method, [block, False])], read)[0]


def _header_reader(numbers: Sequence[int | None], whole: bool = False) -> Reader:
    """Reads headers of these numbers (None = of any), `whole` or what is used of them. null is how
    nodes say that they do not have a block, a replica that lags behind too."""

    def read(place: int, result: object) -> BlockRef | Fault:
        if result is None:
            return Fault(FaultKind.NO_BLOCK, None, "it answers null")
        header, number = parse_header(result, whole=whole), numbers[place]
        if number is not None and header.number != number:
            raise UnreadError(f"the node gave block {header.number} when asked for {number}")
        return header

    return read


def _details(abilities: Abilities, batch: int) -> str:
    """What an endpoint can do, in one line."""
    parts = [
        f"calls by {abilities.strategy(abilities.calls, batch)}",
        f"slots by {abilities.strategy(abilities.slots, batch)}",
        f"pinned by block {'hash' if abilities.by_hash else 'number'}",
    ]
    return "; ".join(parts + [f"no {what}: {why}" for what, why in abilities.why.items()])
