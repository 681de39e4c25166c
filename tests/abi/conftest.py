"""Logs of one event that has a column of every kind, as a node would give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import EventAbi, parse_abi
from analyzer.model.logs import RawLog

MakeLog = Callable[..., RawLog]

INPUTS = [
    ("account", "address", True),
    ("big", "uint256", True),
    ("size", "int256", False),
    ("small", "int24", False),
    ("wide", "uint128", False),
    ("open", "bool", False),
    ("tag", "bytes4", False),
    ("peer", "address", False),
]


@pytest.fixture(scope="session")
def wordy() -> EventAbi:
    """An event whose arguments are all single words."""
    return parse_abi("T", [_entry("Wordy", INPUTS)]).event("Wordy")


@pytest.fixture(scope="session")
def talky() -> EventAbi:
    """An event with dynamic arguments."""
    inputs = [
        ("name", "string", True),
        ("text", "string", False),
        ("blob", "bytes", False),
        ("pairs", "(uint256,bytes2)[]", False),
        ("n", "uint8", False),
    ]
    return parse_abi("T", [_entry("Talky", inputs)]).event("Talky")


def _entry(name: str, inputs: Sequence[tuple[str, str, bool]]) -> dict[str, Any]:
    return {
        "type": "event",
        "name": name,
        "inputs": [{"name": n, "type": t, "indexed": i} for n, t, i in inputs],
    }


@pytest.fixture(scope="session")
def make_log() -> MakeLog:
    """Makes the log of an event with these arguments."""

    def make(event: EventAbi, values: Sequence[Any], place: int = 0) -> RawLog:
        pairs = list(zip(event.inputs, values, strict=True))
        topics = [bytes.fromhex(event.topic0[2:])]
        topics += [encode_values([p.type], [v]) for p, v in pairs if p.indexed]
        plain = [(p.type, v) for p, v in pairs if not p.indexed]
        data = encode_values([t for t, _ in plain], [v for _, v in plain])
        return RawLog(
            1000 + place // 3,
            place,
            bytes([1 + place // 3]) * 32,
            bytes([place % 256]) * 32,
            place % 7,
            bytes([0xAB]) * 20,
            tuple(topics),
            data,
        )

    return make
