"""What a fault-injecting node answers from: a chain behind six questions, and JSON-RPC over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from analyzer.testing.rpc import Ask, JsonObject, LogQuery, RefusedError, texts

ZERO_WORD = "0x" + "00" * 32
TAGS = ("latest", "safe", "finalized", "pending")

CallAnswer: TypeAlias = str | RefusedError


class ChainSource(Protocol):
    """A chain that answers truly. `Recorded`, `InMemory` and `Upstream` are those there are."""

    chain_id: int

    def head(self) -> int:
        """The number of the newest block."""
        ...

    def header(self, number: int) -> JsonObject | None:
        """The header as eth_getBlockByNumber gives it; None when there is no such block."""
        ...

    def number_of(self, block_hash: str) -> int | None:
        """The number of the block with this hash (lower case); None for a stranger."""
        ...

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """The raw logs that are asked for, in order."""
        ...

    def calls(self, number: int, asked: Sequence[tuple[str, str]]) -> list[CallAnswer]:
        """What (to, data), both in lower case, answer at a block: hex, or the error."""
        ...

    def storage(self, number: int, address: str, slot: int) -> str:
        """A storage word as 0x and 64 digits. Raises RefusedError."""
        ...

    def code(self, number: int, address: str) -> str:
        """The code at an address, `0x` for none. Raises RefusedError."""
        ...

    def other(self, method: str, params: list[Any]) -> object:
        """Any other method. Raises RefusedError for one that it does not know."""
        ...


class View:
    """A chain as another one gives it; what is to differ is defined anew."""

    def __init__(self, source: ChainSource) -> None:
        self._source, self.chain_id = source, source.chain_id

    def head(self) -> int:
        """Its head."""
        return self._source.head()

    def header(self, number: int) -> JsonObject | None:
        """Its header."""
        return self._source.header(number)

    def number_of(self, block_hash: str) -> int | None:
        """Its number of a hash."""
        return self._source.number_of(block_hash)

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """Its logs."""
        return self._source.logs(query)

    def calls(self, number: int, asked: Sequence[tuple[str, str]]) -> list[CallAnswer]:
        """Its answers."""
        return self._source.calls(number, asked)

    def storage(self, number: int, address: str, slot: int) -> str:
        """Its word."""
        return self._source.storage(number, address, slot)

    def code(self, number: int, address: str) -> str:
        """Its code."""
        return self._source.code(number, address)

    def other(self, method: str, params: list[Any]) -> object:
        """Whatever else."""
        return self._source.other(method, params)


class Steady(View):
    """A chain during one exchange: its head and its hashes are asked for once."""

    def __init__(self, source: ChainSource) -> None:
        super().__init__(source)
        self._head: int | None = None
        self._numbers: dict[str, int | None] = {}

    def head(self) -> int:
        """Its head when it was first asked for."""
        if self._head is None:
            self._head = self._source.head()
        return self._head

    def number_of(self, block_hash: str) -> int | None:
        """Its number of a hash when it was first asked for."""
        if block_hash not in self._numbers:
            self._numbers[block_hash] = self._source.number_of(block_hash)
        return self._numbers[block_hash]


def resolve(source: ChainSource, block: object) -> int:
    """The number that a block parameter means. Raises RefusedError for what is no block there."""
    if isinstance(block, dict):
        if "blockNumber" in block:
            return resolve(source, block["blockNumber"])
        number = source.number_of(str(block.get("blockHash", "")).lower())
        if number is None:
            raise RefusedError(-32000, "header not found")
        return number
    if block in TAGS:
        return source.head()
    if block == "earliest":
        return 0
    try:
        return int(str(block), 16)
    except ValueError:
        raise RefusedError(-32602, f"invalid argument: '{block}' is no block") from None


def log_query(source: ChainSource, asked: object) -> LogQuery:
    """The parameter of eth_getLogs, its blocks resolved. Raises RefusedError."""
    if not isinstance(asked, dict):
        raise RefusedError(-32602, "invalid argument 0: a log filter is an object")
    if "blockHash" in asked:
        first = last = resolve(source, {"blockHash": asked["blockHash"]})
    else:
        first = resolve(source, asked.get("fromBlock", "latest"))
        last = resolve(source, asked.get("toBlock", "latest"))
    topics = tuple(texts(place) for place in asked.get("topics") or ())
    return LogQuery(first, last, texts(asked.get("address")), topics)


def name_blocks(source: ChainSource, ask: Ask) -> None:
    """Puts into `ask.blocks` what blocks it names, as far as it names any."""
    try:
        if ask.method == "eth_getLogs":
            query = log_query(source, ask.params[0] if ask.params else None)
            ask.blocks = (query.first, query.last)
            return
        place = {"eth_getBlockByNumber": 0, "eth_call": 1, "eth_getCode": 1, "eth_getStorageAt": 2}
        if ask.method in place and len(ask.params) > place[ask.method]:
            number = resolve(source, ask.params[place[ask.method]])
            ask.blocks = (number, number)
    except RefusedError:
        ask.blocks = None


def answer(source: ChainSource, ask: Ask) -> object:
    """The true result of one request. Raises RefusedError for an error."""
    method, params = ask.method, ask.params
    if method == "eth_chainId":
        return hex(source.chain_id)
    if method == "eth_blockNumber":
        return hex(source.head())
    try:
        if method == "eth_getBlockByNumber":
            return source.header(resolve(source, params[0]))
        if method == "eth_getBlockByHash":
            number = source.number_of(str(params[0]).lower())
            return None if number is None else source.header(number)
        if method == "eth_getLogs":
            return source.logs(log_query(source, params[0]))
        if method == "eth_call":
            found = source.calls(_there(source, params[1]), [(ask.to, ask.data)])[0]
            if isinstance(found, RefusedError):
                raise found
            return found
        if method == "eth_getStorageAt":
            return source.storage(_there(source, params[2]), ask.to, int(str(params[1]), 16))
        if method == "eth_getCode":
            return source.code(_there(source, params[1]), ask.to)
    except (IndexError, ValueError, TypeError) as error:
        raise RefusedError(-32602, f"invalid params: {error}") from None
    return source.other(method, params)


def _there(source: ChainSource, block: object) -> int:
    """The number of a block whose state is asked for. Raises RefusedError beyond the head."""
    number = resolve(source, block)
    if number > source.head():
        raise RefusedError(-32000, "header not found")
    return number
