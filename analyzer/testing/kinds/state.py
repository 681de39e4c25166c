"""Lies about contracts: what they answer, what they store, and what code they have."""

from __future__ import annotations

from typing import Any

from analyzer.testing.kinds.kind import UNCHANGED, Moment, Stage, kind
from analyzer.testing.source import ZERO_WORD

CALL = ("eth_call",)


def _word(result: object) -> bool:
    """Whether a result holds a word at least."""
    return isinstance(result, str) and len(result) >= 66


@kind("call-empty", Stage.RESULT, seen="nodes that lost a contract's code", methods=CALL,
      bulk=False)  # fmt: skip
def call_empty(moment: Moment, result: Any) -> Any:
    """`0x` from a contract that answers."""
    return "0x" if _word(result) else UNCHANGED


@kind("call-one-wei-more", Stage.RESULT, seen="no honest node", methods=CALL, bulk=False)
def call_one_wei_more(moment: Moment, result: Any) -> Any:
    """The first word of an answer, one larger."""
    if not _word(result):
        return UNCHANGED
    return f"0x{(int(result[2:66], 16) + 1) % 2**256:064x}{result[66:]}"


@kind("call-zero", Stage.RESULT, seen="nodes whose state is not there", methods=CALL, bulk=False)
def call_zero(moment: Moment, result: Any) -> Any:
    """Zeros in place of every word."""
    return f"0x{'00' * (len(result) // 2 - 1)}" if _word(result) else UNCHANGED


@kind("call-huge", Stage.RESULT, seen="no honest node", methods=CALL, bulk=False)
def call_huge(moment: Moment, result: Any) -> Any:
    """The largest word there is in place of the first."""
    return f"0x{'ff' * 32}{result[66:]}" if _word(result) else UNCHANGED


@kind("call-cut", Stage.RESULT, seen="proxies with a limit on answers", methods=CALL, bulk=False)
def call_cut(moment: Moment, result: Any) -> Any:
    """An answer without its last byte."""
    return result[:-2] if _word(result) else UNCHANGED


@kind("call-no-hex", Stage.RESULT, seen="gateways with answers of their own", methods=CALL)
def call_no_hex(moment: Moment, result: Any) -> Any:
    """Text that is no hex."""
    return "0xoops" if isinstance(result, str) else UNCHANGED


@kind("call-null", Stage.RESULT, seen="gateways with an empty cache entry", methods=CALL)
def call_null(moment: Moment, result: Any) -> Any:
    """`null` in place of an answer."""
    return None


@kind("storage-zero", Stage.RESULT, seen="nodes whose state is not there",
      methods=("eth_getStorageAt",))  # fmt: skip
def storage_zero(moment: Moment, result: Any) -> Any:
    """Zero from a slot that is set."""
    return ZERO_WORD if _word(result) and int(result, 16) else UNCHANGED


@kind("code-empty", Stage.RESULT, seen="nodes whose state is not there", methods=("eth_getCode",))
def code_empty(moment: Moment, result: Any) -> Any:
    """No code where there is some."""
    return "0x" if result != "0x" else UNCHANGED


@kind("code-other", Stage.RESULT, seen="an upgrade that nobody announced", methods=("eth_getCode",))
def code_other(moment: Moment, result: Any) -> Any:
    """Other code than there was."""
    return f"{result}00" if result != "0x" else UNCHANGED
