"""A recording as the chain behind a node: it gives what was recorded, and refuses the rest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analyzer.abi.keccak import keccak
from analyzer.chain.carriers import MULTICALL3
from analyzer.chain.recording import RecordingFiles
from analyzer.testing.rpc import JsonObject, LogQuery, RefusedError
from analyzer.testing.source import CallAnswer

PLACEHOLDER_CODE = "0x60016002"
"""A recording holds hashes of code and never code: each contract has this one instead."""
_IDENTITY = "0x" + "00" * 19 + "04"
_NO_CODE = "0x" + keccak(b"").hex()


class Recorded:
    """A recording (folder or .zip). `last`: the head that it claims; may be moved at any time.

    A call or slot that was not recorded is refused with `not recorded`, which no client may take
    for an answer. A header that was not recorded is made up so that it links with those that
    were: its hash is the true one where the block after it was recorded.
    Raises InputError when the recording is missing or corrupt.
    """

    def __init__(self, path: Path | str, *, last: int | None = None) -> None:
        files = RecordingFiles(Path(path))
        try:
            meta = files.meta()
            self.chain_id = int(str(meta["chain_id"]))
            self._headers = {int(str(h["number"]), 16): h for h in files.rows("blocks", dict)}
            self._logs = sorted(files.rows("logs", dict), key=_place)
            self._calls = {
                (int(str(c["block"])), str(c["to"]).lower(), str(c["data"]).lower()): c
                for c in files.rows("calls", dict)
            }
            self._storage = {
                (int(str(s["block"])), str(s["address"]).lower(), int(str(s["slot"]), 16)): str(
                    s["value"]
                )
                for s in files.rows("storage", dict)
            }
            self._without_code = {
                str(c["address"]).lower()
                for c in files.rows("code_hashes", dict)
                if str(c["code_hash"]).lower() == _NO_CODE
            }
        finally:
            files.close()
        self._log_blocks = [_place(log)[0] for log in self._logs]
        self._by_hash = {str(h["hash"]).lower(): n for n, h in self._headers.items()}
        self.last = max(self._headers, default=0) if last is None else last

    def head(self) -> int:
        """The newest block that is not beyond `last`."""
        return self.last

    def header(self, number: int) -> JsonObject | None:
        """A recorded header, else one made up; None beyond the head."""
        if number > self.last:
            return None
        if number not in self._headers:
            self._make_up(number)
        return dict(self._headers[number])

    def number_of(self, block_hash: str) -> int | None:
        """The number of a recorded block that is not beyond the head."""
        number = self._by_hash.get(block_hash)
        return None if number is None or number > self.last else number

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """The recorded logs of a query."""
        low = bisect_left(self._log_blocks, query.first)
        high = bisect_right(self._log_blocks, min(query.last, self.last))
        return [dict(log) for log in self._logs[low:high] if query.matches(log)]

    def calls(self, number: int, asked: Sequence[tuple[str, str]]) -> list[CallAnswer]:
        """Recorded answers, and the identity precompile."""
        return [self._call(number, to, data) for to, data in asked]

    def storage(self, number: int, address: str, slot: int) -> str:
        """A recorded word."""
        word = self._storage.get((number, address, slot))
        if word is None:
            raise RefusedError(-32000, f"not recorded: slot {slot:#x} of {address} at {number}")
        return f"0x{int(word, 16):064x}"

    def code(self, number: int, address: str) -> str:
        """A placeholder, for every contract; Multicall3 is not on the chain."""
        return "0x" if address in self._without_code or address == MULTICALL3 else PLACEHOLDER_CODE

    def other(self, method: str, params: list[Any]) -> object:
        """There are no other methods."""
        raise RefusedError(-32601, f"the method {method} does not exist/is not available")

    def _make_up(self, number: int) -> None:
        """A header that was not recorded."""
        after = self._headers.get(number + 1)
        before = self._headers.get(number - 1)
        made = {
            "number": hex(number),
            "hash": after["parentHash"] if after is not None else _made_up_hash(number),
            "parentHash": before["hash"] if before is not None else _made_up_hash(number - 1),
            "timestamp": self._time_near(number),
        }
        self._headers[number] = made
        self._by_hash[str(made["hash"]).lower()] = number

    def _time_near(self, number: int) -> str:
        """The time of the last recorded block before, else of the first after."""
        before = max((n for n in self._headers if n < number), default=min(self._headers))
        return str(self._headers[before]["timestamp"])

    def _call(self, number: int, to: str, data: str) -> CallAnswer:
        if to == _IDENTITY:
            return data
        row = self._calls.get((number, to, data))
        if row is None:
            return RefusedError(-32000, f"not recorded: {data[:10]} of {to} at {number}")
        if "result" in row:
            return str(row["result"])
        error: Any = row["error"]
        message = error.get("message") or "execution reverted"
        return RefusedError(error.get("code") or 3, message, error.get("data"))


def _made_up_hash(number: int) -> str:
    """The hash of a block of which neither it nor the one after it was recorded."""
    return "0x" + keccak(b"made up %d" % number).hex()


def _place(log: JsonObject) -> tuple[int, int]:
    """Where a log stands: (block, log index)."""
    return int(str(log["blockNumber"]), 16), int(str(log["logIndex"]), 16)
