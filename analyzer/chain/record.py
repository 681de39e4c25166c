"""Writes down the node's answers while they are used.

It stands above the bulk strategies: one row per logical call or slot, whatever carried it. Blocks
at which something was read are pinned. Not-read things are no answers and are not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from analyzer.chain.base import Chain, LogChunk
from analyzer.chain.proofs.kept import KeptProofs
from analyzer.chain.proofs.source import ProofSource, Receipts, WantedWords
from analyzer.chain.recording import FORMAT, LogCoverage, write_recording
from analyzer.chain.wire import check_same
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted

Row = dict[str, object]


class Recorder:
    """A Chain that passes everything on to another one and keeps the answers.

    `close` writes the recording at `path` (a folder, or a zip when it ends in `.zip`), aside and
    renamed, with the same bytes for the same answers. `discard` gives it up instead.
    `description` and `extra` go into meta.json.
    """

    def __init__(
        self,
        chain: Chain,
        path: Path,
        *,
        description: str = "",
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self.chain_id = chain.chain_id
        self.path = Path(path)
        self._chain = chain
        self._description = description
        self._extra = dict(extra or {})
        self._deployments: dict[str, Deployment] = {}
        self._pins: dict[int, tuple[str, str]] = {}
        self._headers: dict[int, BlockRef] = {}
        self._logs: dict[tuple[int, int], RawLog] = {}
        self._coverage = LogCoverage()
        self._reads: dict[tuple[int, ReadRequest], Answer] = {}
        self._proofs = KeptProofs()
        self._attachments: dict[str, bytes] = {}
        self._closed = False

    def add_deployment(self, deployment: Deployment) -> None:
        """Names a deployment in meta.json."""
        self._deployments[deployment.name] = deployment

    def pin(self, block: BlockRef, label: str, note: str = "") -> None:
        """Gives a pinned block a label."""
        self._keep(block)
        self._pins[block.number] = (label, note)

    def attach(self, name: str, data: bytes) -> None:
        """Puts a further file beside the answers (`findings.json`); replay ignores it."""
        self._attachments[name] = data

    def resolve(self, text: str) -> BlockRef:
        """The block that the inner chain resolves; its header is kept."""
        return self._keep(self._chain.resolve(text))

    def headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The inner chain's headers, kept."""
        return [self._keep(header) for header in self._chain.headers(numbers)]

    def logs(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """The inner chain's logs, kept with the filters and the range that they cover."""
        for chunk in self._chain.logs(filters, first, last):
            for log in chunk.logs:
                check_same(self._logs.setdefault((log.block_number, log.log_index), log), log)
            for header in chunk.headers:
                self._keep(header)
            for log_filter in filters:
                self._coverage.add(log_filter, chunk.first, chunk.last)
            yield chunk

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The inner chain's answers, kept under (block, address, data)."""
        answers = self._chain.read(block, requests)
        self._keep(block)
        # A look at which code there was makes no block that can be scanned.
        if any(request.kind != "code_hash" for request in requests):
            self._pins.setdefault(block.number, ("", ""))
        for request, answer in zip(requests, answers, strict=True):
            if not isinstance(answer, NotRead):
                key = ReadRequest(request.kind, request.to.lower(), request.data.lower())
                self._reads[block.number, key] = answer
        return answers

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The inner chain's headers with all their fields, kept."""
        return [self._keep(header) for header in self._prover.whole_headers(numbers)]

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Receipts | NotRead]:
        """The inner chain's receipts, kept."""
        answers = self._prover.receipts(blocks)
        for block, answer in zip(blocks, answers, strict=True):
            self._proofs.keep_receipts(block, answer)
        return answers

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        """The inner chain's proofs, kept."""
        answers = self._prover.proof_nodes(block, wanted)
        for want, answer in zip(wanted, answers, strict=True):
            self._proofs.keep_nodes(block, want, answer)
        return answers

    @property
    def _prover(self) -> ProofSource:
        """The inner chain as what proves. Raises: UnreadError for one that gives no proofs."""
        if not isinstance(self._chain, ProofSource):
            raise UnreadError("this chain gives no proofs")
        return self._chain

    def close(self) -> None:
        """Closes the inner chain and writes the recording (once)."""
        self._chain.close()
        if not self._closed:
            self._closed = True
            write_recording(self.path, self._meta(), self._files(), self._attachments)

    def discard(self) -> None:
        """Closes the inner chain and writes nothing."""
        self._chain.close()
        self._closed = True

    def _keep(self, header: BlockRef) -> BlockRef:
        """Keeps a header; a whole one is not replaced by a part of itself."""
        known = self._headers.get(header.number)
        if known != header or header.whole:
            self._headers[header.number] = header
        return header

    def _meta(self) -> Row:
        """meta.json."""
        return {
            **self._extra,
            "format": FORMAT,
            "chain_id": self.chain_id,
            "description": self._description,
            "deployments": [_deployment_row(d) for _, d in sorted(self._deployments.items())],
            "pinned_blocks": [
                {"block": number, "label": label, "note": note}
                for number, (label, note) in sorted(self._pins.items())
            ],
            "log_filters": self._coverage.as_filters(),
        }

    def _files(self) -> dict[str, list[Row]]:
        """The rows of every file, sorted."""
        files: dict[str, list[Row]] = {
            "blocks": [_header_row(self._headers[n]) for n in sorted(self._headers)],
            "logs": [_log_row(self._logs[key]) for key in sorted(self._logs)],
            "calls": [],
            "storage": [],
            "code_hashes": [],
            **self._proofs.rows(),
        }
        order = sorted(self._reads, key=lambda k: (k[0], k[1].to, k[1].data))
        for number, request in order:
            name, row = _read_row(number, request, self._reads[number, request])
            files[name].append(row)
        return files


def _deployment_row(deployment: Deployment) -> Row:
    row: Row = {
        "name": deployment.name,
        "protocol": deployment.protocol,
        "from_block": deployment.from_block,
        "contracts": dict(deployment.contracts),
    }
    return row | ({"factors": dict(deployment.factors)} if deployment.factors else {})


def _header_row(header: BlockRef) -> Row:
    """The eth_getBlockByNumber result, as far as the inner chain kept it, without the hashes of
    the transactions: they are no field of a header, and most of the bytes."""
    if header.whole:
        row: Row = orjson.loads(header.whole)
        row.pop("transactions", None)
        return row
    return {
        "number": hex(header.number),
        "hash": header.hash,
        "parentHash": header.parent_hash,
        "timestamp": hex(header.time),
    }


def _log_row(log: RawLog) -> Row:
    """The eth_getLogs object again."""
    return {
        "address": "0x" + log.address.hex(),
        "topics": ["0x" + topic.hex() for topic in log.topics],
        "data": "0x" + log.data.hex(),
        "blockHash": "0x" + log.block_hash.hex(),
        "blockNumber": hex(log.block_number),
        "transactionHash": "0x" + log.tx_hash.hex(),
        "transactionIndex": hex(log.tx_index),
        "logIndex": hex(log.log_index),
        "removed": False,
    }


def _read_row(number: int, request: ReadRequest, answer: Answer) -> tuple[str, Row]:
    """The file and the row of one answer."""
    if request.kind == "call":
        row: Row = {"block": number, "to": request.to, "data": request.data}
        if isinstance(answer, Reverted):
            return "calls", row | {
                "error": {"message": answer.message, "data": "0x" + answer.data.hex()}
            }
        return "calls", row | {"result": _hex(answer)}
    if request.kind == "slot":
        return "storage", {
            "block": number,
            "address": request.to,
            "slot": request.data,
            "value": _hex(answer),
        }
    return "code_hashes", {"block": number, "address": request.to, "code_hash": _hex(answer)}


def _hex(answer: Answer) -> str:
    """The data of a value (never called for a NotRead)."""
    return "" if isinstance(answer, NotRead) else "0x" + answer.data.hex()
