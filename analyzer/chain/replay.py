"""A recording that answers as the node did, and says so when it was not asked that.

Labels of pinned blocks win over block syntax; `latest`, `safe`, `finalized` and dates are resolved
among the recorded headers. An answer that was not recorded is never a revert and never empty.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from analyzer.abi.keccak import checksum
from analyzer.chain.base import LogChunk, NotRecordedError
from analyzer.chain.blocks import parse_block, show_time
from analyzer.chain.bloom import lacks
from analyzer.chain.endpoint import shown
from analyzer.chain.faults import Fault, FaultKind, read_fault, revert_text
from analyzer.chain.header_links import BrokenChainError, check_hash_chain
from analyzer.chain.log_answers import Wanted
from analyzer.chain.proofs.kept import load_proofs
from analyzer.chain.proofs.source import Receipts, WantedWords
from analyzer.chain.recording import (
    ATTACHMENTS,
    LogCoverage,
    RecordingFiles,
    block_number,
)
from analyzer.chain.wire import parse_header, parse_log
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import AnalyzerError, InputError
from analyzer.model.logs import LogFilter, RawLog
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted, Value

_CHUNK_LOGS = 20_000


class Replay:
    """A chain that is a recording. Everything is loaded and checked at once.

    `meta`: meta.json as it is. `log_identity`: digest of everything that says which logs there
    are; no other recording has the same. `attached`: findings.json and version.json of whoever
    made it, as they are, where they are there. `whole_headers`: headers keep their whole rows.
    Raises InputError, one line with file and line number, when it is missing or corrupt.
    """

    def __init__(self, path: Path, *, whole_headers: bool = False) -> None:
        self.path = Path(path)
        files = RecordingFiles(self.path)
        try:
            self.meta = files.meta()
            self.chain_id = int(str(self.meta["chain_id"]))
            self._pins = _pins(self.path, self.meta)
            self._headers = _load_headers(files, whole_headers)
            self._numbers = sorted(self._headers)
            self._by_hash = {h.hash: h for h in self._headers.values()}
            self._logs = _load_logs(files, self._headers)
            self._log_blocks = [log.block_number for log in self._logs]
            self._calls = _load_calls(files)
            self._slots = _load_words(files, "storage", ("address", "slot"), "value")
            self._codes = _load_words(files, "code_hashes", ("address",), "code_hash")
            self._proofs = load_proofs(files)
            has_logs = files.has("logs")
            self.log_identity = files.digest(("blocks", "logs"))
            found = {name: files.attached(name) for name in ATTACHMENTS}
            self.attached = {name: data for name, data in found.items() if data is not None}
        finally:
            files.close()
        # Without the file nothing is known of any log, whatever meta.json says of filters.
        self._coverage = self._log_coverage() if has_logs else LogCoverage()

    def deployments(self) -> list[Deployment]:
        """The deployments that were recorded; a `protocol` at the top level of meta.json is one
        deployment of that name from block 0. Raises InputError for a malformed one."""
        entries = self.meta.get("deployments")
        if entries is None:
            if "protocol" not in self.meta:
                return []
            entries = [{"name": self.meta["protocol"], "from_block": 0, **self.meta}]
        if not isinstance(entries, list):
            raise InputError(f"{self.path}/meta.json: deployments is no list")
        return [self._deployment(entry) for entry in entries]

    def pins(self) -> list[tuple[int, str, str]]:
        """The pinned blocks: (number, label, note)."""
        return list(self._pins)

    def resolve(self, text: str) -> BlockRef:
        """The recorded block that `text` names. Raises NotRecordedError for one that was not
        recorded, InputError for what is no block."""
        for number, label, _ in self._pins:
            if label and label == text.strip():
                return self._header(number)
        name = parse_block(text)
        if not self._numbers:
            raise NotRecordedError(f"{self.path}: no block was recorded")
        if name.kind == "tag":
            return self._headers[self._numbers[0 if name.text == "earliest" else -1]]
        if name.kind == "hash":
            if name.text not in self._by_hash:
                raise NotRecordedError(f"block {name.text} is not in the recording")
            return self._by_hash[name.text]
        if name.kind == "number":
            return self._header(name.value)
        if name.kind == "before_latest":
            if name.value > self._numbers[-1]:
                raise InputError(
                    f"'{text}' is before the first block: latest is {self._numbers[-1]}"
                )
            return self._header(self._numbers[-1] - name.value)
        times = [self._headers[n].time for n in self._numbers]
        index = bisect_right(times, name.value)
        if index == 0:
            raise InputError(f"the recording begins at {show_time(times[0])}, after '{text}'")
        return self._headers[self._numbers[index - 1]]

    def headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The recorded headers, in order. Raises NotRecordedError naming one that is missing."""
        return [self._header(number) for number in numbers]

    def logs(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """All logs of `filters` in `first..last`, in chunks that end at recorded headers.

        Raises NotRecordedError for a filter or a block that was not recorded.
        """
        for log_filter in filters:
            missing = self._coverage.missing(log_filter, first, last)
            if missing:
                raise NotRecordedError(f"not in the recording: {missing}")
        self._header(last)
        wanted = [Wanted(f) for f in filters]
        while first <= last:
            end = self._chunk_end(first, last)
            low, high = bisect_left(self._log_blocks, first), bisect_right(self._log_blocks, end)
            logs = [g for g in self._logs[low:high] if any(w.matches(g) for w in wanted)]
            numbers = sorted({g.block_number for g in logs} | {end})
            yield LogChunk(first, end, logs, self.headers(numbers))
            first = end + 1

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The recorded answers, in order; NotRead for what was not recorded at this block.

        Raises NotRecordedError when the recording has another block of that number.
        """
        known = self._headers.get(block.number)
        if known is not None and known.hash != block.hash.lower():
            raise NotRecordedError(f"block {block.number} {block.hash} is not in the recording")
        return [self._answer(block.number, request) for request in requests]

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The recorded headers with the fields that were recorded. Raises: NotRecordedError."""
        return self.headers(numbers)

    def blocks_with_receipts(self) -> list[int]:
        """The blocks of which all receipts were recorded, and the header is there; in order."""
        return [number for number in self._proofs.blocks() if number in self._headers]

    def words_with_proofs(self) -> dict[int, list[WantedWords]]:
        """The words of which proofs were recorded, by block and contract."""
        return self._proofs.words()

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Receipts | NotRead]:
        """The recorded receipts."""
        return self._proofs.receipts(blocks)

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        """The recorded proofs."""
        return self._proofs.proof_nodes(block, wanted)

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, number: int, request: ReadRequest) -> Answer:
        """One recorded answer."""
        to, data = request.to.lower(), request.data.lower()
        if request.kind == "call":
            answer = self._calls.get((number, to, data))
            if answer is not None:
                return _call_answer(answer)
        else:
            words = self._slots if request.kind == "slot" else self._codes
            key = f"{to}{_word(data)}" if request.kind == "slot" else to
            word = words.get((number, key))
            if word is not None:
                return Value(word)
        what = request.label or f"{request.kind} of {request.to} {request.data[:10]}"
        return NotRead(f"not in the recording at block {number}: {what}")

    def _header(self, number: int) -> BlockRef:
        header = self._headers.get(number)
        if header is None:
            raise NotRecordedError(f"block {number} is not in the recording")
        return header

    def _chunk_end(self, first: int, last: int) -> int:
        """The last block of a chunk from `first`: at most about `_CHUNK_LOGS` logs of the
        recording, ending at a recorded header."""
        index = bisect_left(self._log_blocks, first) + _CHUNK_LOGS
        if index >= len(self._log_blocks) or self._log_blocks[index] > last:
            return last
        end = self._log_blocks[index]
        return min(last, end)

    def _log_coverage(self) -> LogCoverage:
        """What logs the recording holds. Without `log_filters`: all of its deployments', from
        their first block to the last recorded header."""
        if "log_filters" in self.meta:
            last = self._numbers[-1] if self._numbers else 0
            try:
                return LogCoverage.parse(self.meta["log_filters"], last)
            except InputError as error:
                raise InputError(f"{self.path}/{error}") from None
        coverage = LogCoverage()
        deployments = self.deployments()
        if self._numbers and deployments:
            first = min(d.from_block for d in deployments)
            coverage.add(LogFilter(()), first, self._numbers[-1])
        return coverage

    def _deployment(self, entry: object) -> Deployment:
        """One deployment of meta.json."""
        try:
            if not isinstance(entry, Mapping):
                raise TypeError("no object")
            return Deployment(
                str(entry["name"]),
                str(entry["protocol"]),
                self.chain_id,
                block_number(entry.get("from_block", 0)),
                {str(k): checksum(v) for k, v in dict(entry["contracts"]).items()},
                dict(entry.get("factors") or {}),
                f"recording {self.path.name}",
            )
        except (KeyError, TypeError, ValueError, AnalyzerError, AttributeError) as error:
            raise InputError(
                f"{self.path}/meta.json: a deployment is malformed: {shown(error)}"
            ) from None


def _pins(path: Path, meta: Mapping[str, object]) -> list[tuple[int, str, str]]:
    """The pinned blocks of meta.json."""
    try:
        pins = meta.get("pinned_blocks") or []
        if not isinstance(pins, list):
            raise TypeError("no list")
        return [
            (block_number(p["block"]), str(p.get("label", "")), str(p.get("note", "")))
            for p in pins
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}/meta.json: pinned_blocks is malformed: {shown(error)}") from None


def _load_headers(files: RecordingFiles, whole: bool) -> dict[int, BlockRef]:
    """The headers by number, their parent links checked."""
    headers: dict[int, BlockRef] = {}

    def parse(row: dict[str, object]) -> None:
        header = parse_header(row, whole=whole)
        known = headers.setdefault(header.number, header)
        if known != header:
            raise InputError(f"block {header.number} is there twice, and differs")
        before, after = headers.get(header.number - 1), headers.get(header.number + 1)
        try:
            check_hash_chain([h for h in (before, header, after) if h is not None])
        except BrokenChainError as error:
            raise InputError(str(error)) from None

    for _ in files.rows("blocks", parse):
        pass
    return headers


def _load_logs(files: RecordingFiles, headers: Mapping[int, BlockRef]) -> list[RawLog]:
    """The logs in (block, log index) order, each fitting its header."""
    hashes = {number: bytes.fromhex(h.hash[2:]) for number, h in headers.items()}
    seen: dict[tuple[int, int], RawLog] = {}

    def parse(row: dict[str, object]) -> None:
        log = parse_log(row)
        if log.block_number not in hashes:
            raise InputError(f"the header of block {log.block_number} is missing")
        if hashes[log.block_number] != log.block_hash:
            raise InputError(
                f"the log names 0x{log.block_hash.hex()} as block {log.block_number}, but its"
                f" header says {headers[log.block_number].hash}"
            )
        if lacks(headers[log.block_number], log):
            raise InputError(
                f"log {log.log_index} of block {log.block_number} is not in the bloom filter of its"
                " header"
            )
        if seen.setdefault((log.block_number, log.log_index), log) != log:
            raise InputError(
                f"log {log.log_index} of block {log.block_number} is there twice, and differs"
            )

    for _ in files.rows("logs", parse):
        pass
    return [seen[key] for key in sorted(seen)]


_Call = str | dict[str, object]


def _load_calls(files: RecordingFiles) -> dict[tuple[int, str, str], _Call]:
    """Call answers by (block, address, data) in lower case: the result's hex, or the error.

    The hex is turned into bytes when it is asked for: most of a large recording never is.
    """
    calls: dict[tuple[int, str, str], _Call] = {}

    def parse(row: dict[str, object]) -> None:
        block, to, data = row["block"], row["to"], row["data"]
        if not (isinstance(block, int) and isinstance(to, str) and isinstance(data, str)):
            raise TypeError("block, to or data")
        answer: object = row["error"] if "error" in row else row["result"]
        if not isinstance(answer, dict) and (
            not isinstance(answer, str) or not answer.startswith("0x") or len(answer) % 2
        ):
            raise TypeError("result")
        if calls.setdefault((block, to.lower(), data.lower()), answer) != answer:
            raise InputError(f"the call {data[:10]} of {to} is there twice, and differs")

    for _ in files.rows("calls", parse):
        pass
    return calls


def _load_words(
    files: RecordingFiles, name: str, keys: tuple[str, ...], value: str
) -> dict[tuple[int, str], bytes]:
    """32-byte values by (block, address [and slot]) in lower case."""
    words: dict[tuple[int, str], bytes] = {}

    def parse(row: dict[str, object]) -> None:
        key = str(row[keys[0]]).lower()
        if len(keys) > 1:
            key += _word(str(row[keys[1]]).lower())
        block = row["block"]
        if not isinstance(block, int) or isinstance(block, bool):
            raise TypeError("block")
        word = bytes.fromhex(_word(str(row[value]).lower())[2:])
        if words.setdefault((block, key), word) != word:
            raise InputError(f"{name} of {key} is there twice, and differs")

    for _ in files.rows(name, parse):
        pass
    return words


def _word(text: str) -> str:
    """A storage key or word as 0x and 64 digits."""
    if len(text) == 66 and text.startswith("0x"):
        return text
    value = int(text, 16)
    if value >> 256:
        raise ValueError(f"'{text[:80]}' is no 32-byte word")
    return f"0x{value:064x}"


def _call_answer(answer: _Call) -> Answer:
    """A recorded result or error. An error that is no revert was never an answer: not read."""
    if isinstance(answer, str):
        return Value(bytes.fromhex(answer[2:]))
    fault = _recorded_fault(answer)
    if fault.kind is not FaultKind.REVERT:
        return NotRead(f"the recording has a fault of its node and no answer: {fault}")
    if fault.data:
        return Reverted(fault.data, revert_text(fault))
    return Reverted(b"", str(answer.get("message") or ""))


def _recorded_fault(error: Mapping[str, object]) -> Fault:
    """What a recorded error means. What we write down has no code, because it is a revert; without
    data it is one unless its words say that the node lacked something."""
    fault = read_fault({"code": 3, **error})
    if "code" in error or fault.data:
        return fault
    words = read_fault({"message": error.get("message")})
    return fault if words.kind in (FaultKind.REVERT, FaultKind.OTHER) else words
