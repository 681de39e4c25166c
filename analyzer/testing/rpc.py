"""Requests and refusals of JSON-RPC, as a node sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


class RefusedError(Exception):
    """A JSON-RPC error: `error` is the member of that name. Code 3 is a revert."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.error: JsonObject = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What eth_getLogs asks for: blocks `first..last`; addresses in lower case, None = any; for
    each place the topics that may stand there in lower case, None = any."""

    first: int
    last: int
    addresses: frozenset[str] | None = None
    topics: tuple[frozenset[str] | None, ...] = ()

    def matches(self, log: Mapping[str, Any]) -> bool:
        """Whether a raw log is asked for."""
        if not self.first <= int(log["blockNumber"], 16) <= self.last:
            return False
        if self.addresses is not None and str(log["address"]).lower() not in self.addresses:
            return False
        found = [str(topic).lower() for topic in log["topics"]]
        return all(
            wanted is None or (place < len(found) and found[place] in wanted)
            for place, wanted in enumerate(self.topics)
        )


@dataclass(slots=True)
class Ask:
    """One request. `bulk`: an eth_call that carries others; `inside`: one of those it carries.

    blocks: the first and last block that it names, once the source has resolved them.
    """

    method: str
    params: list[Any]
    bulk: bool = False
    inside: bool = False
    blocks: tuple[int, int] | None = field(default=None)

    @property
    def to(self) -> str:
        """The contract that is asked, in lower case; '' where there is none."""
        if self.method == "eth_call" and self.params and isinstance(self.params[0], dict):
            return str(self.params[0].get("to", "")).lower()
        if self.method in ("eth_getCode", "eth_getStorageAt") and self.params:
            return str(self.params[0]).lower()
        return ""

    @property
    def data(self) -> str:
        """The calldata of an eth_call in lower case, else ''."""
        if self.method != "eth_call" or not self.params or not isinstance(self.params[0], dict):
            return ""
        call = self.params[0]
        return str(call.get("data") or call.get("input") or "0x").lower()

    @property
    def key(self) -> str:
        """The same text for the same question."""
        return f"{self.method} {self.params!r}"


def texts(value: object) -> frozenset[str] | None:
    """A member of a log filter: one text, a list of texts, or None for any."""
    if value is None:
        return None
    if isinstance(value, str):
        return frozenset((value.lower(),))
    if isinstance(value, Sequence):
        return frozenset(str(item).lower() for item in value) or None
    raise RefusedError(-32602, "invalid argument 0: a log filter holds texts and lists of texts")
