from __future__ import annotations

import pytest

from analyzer.model.errors import InputError
from analyzer.testing import Fault


def test_a_fault_is_written_as_in_a_shell() -> None:
    text = "call-empty:methods=eth_call,selector=0x313CE567,blocks=10..20,chance=0.5,times=3"
    assert Fault.parse(text) == Fault(
        "call-empty", methods=("eth_call",), selector="0x313ce567", blocks=(10, 20), chance=0.5,
        times=3,
    )  # fmt: skip
    assert Fault.parse("reorg:depth=7,method=eth_getBlockByNumber,blocks=5") == Fault(
        "reorg", blocks=(5, 5), options={"depth": 7, "method": "eth_getBlockByNumber"}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("logs-emty", r"no fault 'logs-emty' \(near: logs-empty"),
        ("logs-empty:by=3", r"has no option 'by' \(has: none\)"),
        ("head-lags:to", "'to' is no NAME=VALUE"),
        ("head-lags:times=x", "'x' is no value of times"),
        ("head-lags:chance=0", "chance is in"),
        ("head-lags:every=0", "every from 1 on"),
    ],
)
def test_a_fault_without_sense_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Fault.parse(text)
