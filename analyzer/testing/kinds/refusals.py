"""JSON-RPC errors in the words of nodes and providers."""

from __future__ import annotations

from typing import Any

from analyzer.testing.kinds.kind import UNCHANGED, Moment, Stage, kind, refuse
from analyzer.testing.rpc import RefusedError

READS = ("eth_call", "eth_getStorageAt")

refuse("limit-exceeded", -32005, "limit exceeded", seen="Infura, and nodes behind rate limiters")
refuse("requests-exhausted", -32000, "daily request count exceeded, request rate limited",
       seen="free plans")  # fmt: skip
refuse("compute-exhausted", 429, "Your app has exceeded its compute units per second capacity.",
       seen="Alchemy")  # fmt: skip
refuse("server-error", -32000, "internal server error", seen="proxies whose backend broke")
refuse("internal-error", -32603, "Internal error", seen="Erigon, Nethermind and others under load")
refuse("invalid-params", -32602, "invalid argument 0: json: cannot unmarshal", seen="geth, for what"
       " it does not know")  # fmt: skip
refuse("method-missing", -32601, "the method eth_getLogs does not exist/is not available",
       seen="nodes with a namespace switched off", methods=("eth_getLogs",))  # fmt: skip
refuse("words-unknown", -31234, "the wombat is asleep", seen="a provider that nobody has met yet")
refuse("request-timeout", -32000, "execution aborted (timeout = 5s)", seen="geth")
refuse("header-not-found", -32000, "header not found", seen="load balancers with one node behind",
       methods=("eth_getBlockByNumber", "eth_getBlockByHash", *READS))  # fmt: skip
refuse("history-pruned", -32701, "History has been pruned for this block.", seen="Erigon, Besu and"
       " Nethermind without history", methods=("eth_getLogs",))  # fmt: skip
refuse("state-missing", -32000, "missing trie node 5e1f (path ) state 0x5e1f is not available",
       seen="a full node that is asked for an old block", methods=READS)  # fmt: skip
refuse("state-pruned", -32000, "distance to target block exceeds maximum proof window",
       seen="reth without history", methods=READS)  # fmt: skip
refuse("block-unknown-with-data", -32000, "One of the blocks specified in filter (fromBlock,"
       " toBlock or blockHash) cannot be found.", data="0x" + "ab" * 4,
       seen="hosted providers while they catch up", methods=READS, bulk=False)  # fmt: skip
refuse("state-missing-with-data", -32000, "missing trie node 5e1f (path ) <nil>", data="0x5e1f",
       seen="nodes that put their own hex into error.data", methods=READS, bulk=False)  # fmt: skip
refuse("revert-false", 3, "execution reverted", seen="no honest node",
       methods=("eth_call",), bulk=False)  # fmt: skip
refuse("revert-untold", -32000, "execution reverted", seen="nodes that give no data of a revert,"
       " here for a call that did not revert", methods=("eth_call",), bulk=False)  # fmt: skip
refuse("gas-cap", -32000, "out of gas", seen="nodes with a low gas cap for eth_call",
       methods=("eth_call",), bulk=True)  # fmt: skip
refuse("overrides-refused", -32602, "too many arguments, want at most 2",
       seen="Nethermind, zkSync and other nodes without state overrides",
       methods=("eth_call",), bulk=True)  # fmt: skip


@kind("overrides-ignored", Stage.REFUSAL, seen="nodes that drop a third parameter",
      methods=("eth_call",), bulk=True)  # fmt: skip
def overrides_ignored(moment: Moment) -> object:
    """A state override is not applied: the bulk call meets an account without code."""
    return _Instead("0x")


@kind("pin-by-hash-refused", Stage.REFUSAL, seen="nodes without EIP-1898",
      methods=(*READS, "eth_getCode"))  # fmt: skip
def pin_by_hash_refused(moment: Moment) -> object:
    """A block named by its hash is an invalid argument."""
    block: Any = moment.ask.params[1 if moment.ask.method != "eth_getStorageAt" else 2]
    if not isinstance(block, dict):
        return UNCHANGED
    return RefusedError(-32602, "invalid argument 1: json: cannot unmarshal object into string")


def _span(moment: Moment) -> int:
    """How many blocks an eth_getLogs asks for."""
    blocks = moment.ask.blocks
    return blocks[1] - blocks[0] + 1 if blocks is not None else 1


def _range_kind(name: str, code: int, words: str, does: str, seen: str) -> None:
    """Enters a kind that refuses wide ranges; `words` may name {most}, {first} and {last}."""

    def apply(moment: Moment) -> object:
        most = moment.number("most")
        if _span(moment) <= most:
            return UNCHANGED
        assert moment.ask.blocks is not None
        first = moment.ask.blocks[0]
        return RefusedError(
            code, words.format(most=most, first=hex(first), last=hex(first + most - 1))
        )

    apply.__doc__ = does
    kind(name, Stage.REFUSAL, seen=seen, methods=("eth_getLogs",), most=10)(apply)


_range_kind("range-refused", -32000, "query exceeds the server's limit",
            "Ranges over `most` blocks are refused in words without a number.",
            "several L2 nodes")  # fmt: skip
_range_kind("range-stated", -32602, "eth_getLogs is limited to a {most} block range",
            "Ranges over `most` blocks are refused, and the limit is named.",
            "Alchemy's and QuickNode's free plans, Chainstack")  # fmt: skip
_range_kind("range-advised", -32602, "Log response size exceeded. Try with this block range"
            " [{first}, {last}].", "Ranges over `most` blocks are refused with a range to try.",
            "Alchemy, Infura")  # fmt: skip
_range_kind("range-advice-absurd", -32602, "Try with this block range [0xfffffffffffffffffff,"
            " " + "9" * 6000 + "]", "Ranges over `most` blocks are refused with advice that no"
            " chain has blocks for.", "nobody but an attacker")  # fmt: skip
_range_kind("range-advice-backwards", -32602, "Try with this block range [{last}, {first}]."
            " Up to a 0 block range", "Ranges over `most` blocks are refused with a range that"
            " runs backwards, and a limit of 0.", "a provider with a mistake")  # fmt: skip
_range_kind("range-limit-exceeded", -32005, "limit exceeded",
            "Ranges over `most` blocks get the code and words of a rate limit.",
            "Infura and nodes that copied its code")  # fmt: skip
_range_kind("results-refused", -32005, "query returned more than 10000 results",
            "Ranges over `most` blocks are refused for the number of their logs.",
            "Infura, and every node that copied its words")  # fmt: skip


class _Instead:
    """A result in place of an error, told apart from UNCHANGED."""

    def __init__(self, result: str) -> None:
        self.result = result


def instead(found: object) -> str | None:
    """The result that a refusal gives in place of an error; None where it is one."""
    return found.result if isinstance(found, _Instead) else None
