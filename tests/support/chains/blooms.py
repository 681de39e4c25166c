"""Bloom filters of logs, made as the yellow paper says it; nothing of the analyzer but the hash."""

from __future__ import annotations

from typing import Any

from analyzer.abi.keccak import keccak


def bloom_of(items: list[bytes]) -> bytes:
    """The filter over these addresses and topics, 256 bytes."""
    value = 0
    for item in items:
        digest = keccak(item)
        for at in (0, 2, 4):
            value |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return value.to_bytes(256, "big")


def bloom_of_logs(logs: list[dict[str, Any]]) -> str:
    """The filter over raw logs, as a header has it."""
    items = [item for log in logs for item in (log["address"], *log["topics"])]
    return "0x" + bloom_of([bytes.fromhex(item[2:]) for item in items]).hex()
