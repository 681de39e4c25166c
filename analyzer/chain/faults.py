"""What a node's error means: providers agree on few codes, so the text is read too.

The texts are those that public nodes and hosted providers send (go-ethereum, erigon, reth, anvil,
Infura, Alchemy, QuickNode, Ankr, dRPC, Chainstack and others); the tests list them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from analyzer.abi.codec import decode_revert


class FaultKind(Enum):
    """What to do about an error."""

    RATE = "rate limit"
    """Wait and ask again."""
    LIMIT = "limit"
    """A limit, and the words do not say of what: ask for less, and where that cannot be, wait."""
    RANGE = "range too large"
    """Ask for a smaller block range."""
    BATCH = "batch too large"
    """Ask for less at once."""
    NO_STATE = "no state"
    """The node does not keep the state any more, or never had it."""
    NO_BLOCK = "no block"
    """The node does not have the block: a replica that lags behind may have it in a moment."""
    MALFORMED = "malformed"
    """No answer to what was asked: numbers that cannot be, another shape, another id."""
    REVERT = "revert"
    """The contract's own answer: data, not a failure."""
    OUT_OF_GAS = "out of gas"
    """The node's gas cap was too small for the call."""
    UNSUPPORTED = "unsupported"
    """The node does not know the method or the parameter."""
    TIMEOUT = "timed out"
    """Ask for less at once."""
    TRANSIENT = "transient"
    """Ask again."""
    OTHER = "other"
    """None of the above: said as it is."""


ASK_FOR_LESS = frozenset({FaultKind.RANGE, FaultKind.BATCH, FaultKind.LIMIT, FaultKind.TIMEOUT})
"""Errors that a smaller question may avoid."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One JSON-RPC error, or what is wrong with an answer. `data` is the data of a revert, None
    where the node gave none, and for every other kind."""

    kind: FaultKind
    code: int | None
    message: str
    data: bytes | None = None

    def __str__(self) -> str:
        return self.message if self.code is None else f"{self.message} (code {self.code})"


_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")

_RANGE = re.compile(
    r"block range|blocks? range|range (?:is )?too (?:large|wide|big)|exceeds? (?:the )?limit of \d"
    r"|range limit|range exceeds|exceed(?:s|ed)? (?:the )?(?:max(?:imum)? )?(?:allowed )?range"
    r"|bigger than range limit|returned more than|exceeds? max(?:imum)? (?:results|block)"
    r"|response size (?:exceeded|is larger|too)|response (?:is )?too (?:large|big)"
    r"|too many (?:blocks|logs|results)|logs? limit exceeded|results? limit exceeded"
    r"|limited to (?:a )?[\d,]+|ranges? over [\d,]+|query exceeds|at most [\d,]+ blocks"
    r"|maximum (?:allowed )?(?:number of )?(?:requested )?blocks|max is [\d,]+ blocks"
    r"|retry with the range|block range should work|content too large|response exceed",
    re.IGNORECASE,
)
_BATCH = re.compile(
    r"batch (?:size|limit|request|too|of more|call)"
    r"|too many (?:requests|calls) in (?:a |the )?batch"
    r"|batch(?:ing)? (?:is )?not (?:supported|allowed)|maximum (?:allowed )?batch"
    r"|request (?:entity|body) too large|body (?:size )?(?:exceeds|limit)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"rate.?limit|too many requests|request limit|requests? per (?:second|minute)|/ ?sec(?:ond)?\b"
    r"|exceeded (?:its|the|your) (?:compute|request|capacity|throughput|rate)|compute units"
    r"|throttl|quota|capacity (?:limit|exceeded)|daily request|slow down|try again (?:later|in)\b"
    r"|retry (?:in|after)\b|request count",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"limit (?:\w+ )?(?:exceeded|reached)|exceed\w* (?:\w+ )?limit", re.IGNORECASE)
_NO_STATE = re.compile(
    r"missing trie node"
    r"|state (?:.{0,80} )?(?:is )?(?:not|un)\s?available|historical state|state (?:histor|already)"
    r"|pruned|archive|no state|distance to target block"
    r"|requested data not available|state recreation|cannot find state|proof window",
    re.IGNORECASE,
)
_NO_BLOCK = re.compile(
    r"header (?:.{0,80} )?not found|unknown (?:block|header)|block (?:.{0,80} )?not found"
    r"|block ?out ?of ?range|block height is \d|block is not available"
    r"|not (?:currently )?canonical|missing (?:block|header)|no such block"
    r"|(?:could not|can ?not) (?:find|be found).{0,20}block|cannot find (?:block|header)"
    r"|blocks? (?:.{0,90} )?cannot be found|resource not found",
    re.IGNORECASE,
)
_OUT_OF_GAS = re.compile(
    r"out ?of ?gas|gas required exceeds|exceeds (?:block )?gas limit|gas cap|outofgas"
    r"|intrinsic gas|gas limit (?:is )?(?:too|reached)|call gas|gas allowance|gasfloor",
    re.IGNORECASE,
)
_REVERT = re.compile(
    r"revert|invalid opcode|invalid jump|bad instruction|stack (?:under|over)flow"
    r"|\be?vm (?:execution |call )?(?:error|exception|failure)|write protection"
    r"|state change during static"
    r"|code size|opcode 0x|bad jump",
    re.IGNORECASE,
)
_UNSUPPORTED = re.compile(
    r"method .{0,60}(?:not|n't) (?:found|support|exist|available|allowed|whitelist)"
    r"|not supported|unsupported|unknown field|too many arguments|invalid (?:argument|params?|type)"
    r"|does not exist|cannot unmarshal|not implemented|expected .{0,40}(?:string|sequence|map)"
    r"|overrides?|failed to deserialize|data did not match|method not found|is not available",
    re.IGNORECASE,
)
_TIMEOUT = re.compile(r"time(?:d)?[ -]?out|deadline|took too long|context canceled", re.IGNORECASE)
_TRANSIENT = re.compile(
    r"internal (?:server )?error|unavailable|overload|busy|connection"
    r"|upstream|bad gateway|temporar|no response|retry|unanswered",
    re.IGNORECASE,
)


_EXECUTION_CODES = (3, -32015)
"""Codes that say that the execution itself failed: go-ethereum's, and OpenEthereum's with its
heirs (Nethermind)."""
_CODES = {
    -32005: FaultKind.LIMIT,
    429: FaultKind.RATE,
    -32029: FaultKind.RATE,
    -32097: FaultKind.RATE,
    -32001: FaultKind.NO_BLOCK,
    -32614: FaultKind.RANGE,
    -32015: FaultKind.REVERT,
}
"""Codes that say something where the words do not."""


def read_fault(error: object) -> Fault:
    """The meaning of the `error` member of a JSON-RPC answer, whatever it is."""
    if not isinstance(error, Mapping):
        message = _clean(str(error))
        return Fault(_kind(None, message, None), None, message or "no message")
    code = _code(error.get("code"))
    message = _clean(str(error.get("message") or ""))
    data, detail = _data(error.get("data"))
    if detail and detail not in message:
        message = f"{message}: {detail}" if message else detail
    kind = _kind(code, message, data)
    return Fault(kind, code, message or "no message", data if kind is FaultKind.REVERT else None)


def revert_text(fault: Fault) -> str:
    """What a revert says, from its data where there is any, else the node's own words."""
    return _clean(decode_revert(fault.data) if fault.data else "") or fault.message


def _kind(code: int | None, message: str, data: bytes | None) -> FaultKind:
    """Which of the kinds; the most telling signs first.

    Hex in `data` is no sign: nodes put the number of a block that they have not there, too. It is
    the data of a revert where the code or the words say that the execution reverted.
    """
    if code == 3 or (data and (code in _EXECUTION_CODES or _REVERT.search(message))):
        return FaultKind.REVERT
    # 'out of gas' may stand in a text that also speaks of a limit, and 'execution reverted' in
    # one that also says what was not available: the execution's own words come first.
    for pattern, kind in (
        (_OUT_OF_GAS, FaultKind.OUT_OF_GAS),
        (_REVERT, FaultKind.REVERT),
        (_BATCH, FaultKind.BATCH),
        (_RANGE, FaultKind.RANGE),
        (_RATE, FaultKind.RATE),
        (_NO_STATE, FaultKind.NO_STATE),
        (_NO_BLOCK, FaultKind.NO_BLOCK),
        (_TIMEOUT, FaultKind.TIMEOUT),
        (_LIMIT, FaultKind.LIMIT),
    ):
        if pattern.search(message):
            return kind
    if code in _CODES:
        return _CODES[code]
    if code == -32601 or _UNSUPPORTED.search(message):
        return FaultKind.UNSUPPORTED
    if code == -32603 or _TRANSIENT.search(message):
        return FaultKind.TRANSIENT
    return FaultKind.UNSUPPORTED if code == -32602 else FaultKind.OTHER


def _code(value: object) -> int | None:
    """A code, also where it comes as text or as a float; None for what is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1 << 53 else None
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else None
    return value if isinstance(value, int) else None


def _data(data: object) -> tuple[bytes | None, str]:
    """The hex in an error's `data` member, and the text where it holds words instead. 'Reverted
    0x..', as OpenEthereum has it, is both: the word says that the hex is a revert's."""
    if isinstance(data, Mapping):
        # Some nodes wrap: {"data": "0x.."}, {"result": "0x.."}, {"payload": "range .. bigger"}.
        for key in ("data", "result", "payload", "message", "reason"):
            inner = data.get(key)
            if isinstance(inner, str):
                return _data(inner)
        return None, ""
    if not isinstance(data, str):
        return None, ""
    found = _HEX.search(data)
    if found and found[0] == data:
        return bytes.fromhex(data[2:]), ""
    if found and data.lower().startswith("reverted"):
        return bytes.fromhex(found[0][2:]), "Reverted"
    return None, _clean(data)


def _clean(text: str) -> str:
    """One line of at most 300 characters that can be shown: a node may send a page of HTML, or
    what moves a terminal's cursor, as its message."""
    line = " ".join(text[:3000].split())[:300]
    return "".join([c if c.isprintable() else "?" for c in line])


_NUMBER = r"(0x[0-9a-fA-F]{1,16}|0|[1-9][0-9]{0,18})"
_SUGGESTED = (
    re.compile(rf"\[\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\]"),
    re.compile(rf"retry with the range\s+{_NUMBER}\s*-\s*{_NUMBER}(?![0-9a-fA-Fx])"),
)
_SPAN = tuple(
    re.compile(pattern.replace("N", "(?<![0-9,])([0-9][0-9,]{0,15}k?)(?![0-9])"), re.IGNORECASE)
    for pattern in (
        r"limited to (?:a |0 - )?N(?: block| range)",
        r"(?:up to|maximum|max|at most|limit(?:ed)?(?: is| of| to)?|exceeds?(?: the)?)"
        r"(?: allowed| set)*(?: number of| of| a| the)*(?: requested)?(?: block| blocks)?"
        r"(?: range)?(?: of| is| set to| to| limit)*[ :=]+N(?: block| range|\b)",
        r"range limit N",
        r"ranges? over N",
        r"max block range = N",
        r"N block(?:s)? (?:range|limit)",
    )
)


def suggested_range(message: str) -> tuple[int, int] | None:
    """The block range that the provider says would work ('Try with this block range [a, b]');
    None where it says none, or one that is no range."""
    for pattern in _SUGGESTED:
        if match := pattern.search(message):
            first, last = (int(text, 0) for text in match.groups())
            return (first, last) if first <= last else None
    return None


def stated_span(message: str) -> int | None:
    """The largest number of blocks that the provider says it answers for, if it names one.

    A limit on results ('more than 10000 results') is not a limit on blocks.
    """
    if re.search(r"results?\b|logs\b", message) and "block" not in message.lower():
        return None
    for pattern in _SPAN:
        for match in pattern.finditer(message):
            text = match[1].replace(",", "").lower()
            span = int(text.rstrip("k")) * (1000 if text.endswith("k") else 1)
            after = message[match.end() : match.end() + 10].lower()
            if span > 0 and not re.match(r"\s*(?:results?|logs?|bytes|mb|m\b|k?b\b)", after):
                return span
    return None
