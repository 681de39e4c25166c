"""A fold that can be left off between two blocks and gone on with later.

    logs 0..K ─▶ state ──pack──▶ bytes           logs 0..K, K+1..N ─▶ state ─▶ ledger
                                   └─unpack─▶ state ──logs K+1..N──▶ the same state

What it keeps between two blocks has to say everything that later logs depend on, and nothing that
is worked out at the end: then the state is the same whether it was packed in between or not.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import analyzer
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.kit.state_codec import StateCodec

S = TypeVar("S")
L = TypeVar("L")

_ROOMS = ("abi", "model", "protocols/kit")
"""Where a change of ours may change what any fold gives, beside its own protocol's folder."""
_codecs: dict[type, StateCodec[Any]] = {}


@dataclass(frozen=True, slots=True)
class ResumableFold(Generic[S, L]):
    """The fold of a protocol in three steps (see `base.Folding`).

    state_type: what it keeps between two blocks, a dataclass that `StateCodec` can write. begin:
    the state before any log. go_on: takes the events of whole blocks in order and changes the
    state. end: the ledger; the state is not used after it.
    """

    state_type: type[S]
    begin: Callable[[Deployment], S]
    go_on: Callable[[Deployment, S, Iterable[Event]], Reading[None]]
    end: Callable[[Deployment, S], L]

    def whole(self, deployment: Deployment, events: Iterable[Event]) -> Reading[L]:
        """All events to the ledger, as a stage."""
        state = self.begin(deployment)
        yield from self.go_on(deployment, state, events)
        return self.end(deployment, state)

    def pack(self, state: S) -> bytes:
        """The state as bytes: the same for the same state. Raises: CodecError."""
        return _codec(self.state_type).encode(state)

    def unpack(self, data: bytes) -> S:
        """The state that `pack` wrote. Raises: CodecError."""
        state: S = _codec(self.state_type).decode(data)
        return state

    @property
    def version(self) -> str:
        """Which program this is: bytes of another one are never gone on from. 16 hex digits of a
        hash over the shape of the state and the sources that a fold may depend on."""
        shape = _codec(self.state_type).shape
        return hashlib.sha256(f"{shape} {_program(self.go_on.__module__)}".encode()).hexdigest()[
            :16
        ]


def _codec(state_type: type[S]) -> StateCodec[S]:
    """The codec of a state's type, made once."""
    if state_type not in _codecs:
        _codecs[state_type] = StateCodec(state_type)
    return _codecs[state_type]


@lru_cache(maxsize=32)
def _program(module: str) -> str:
    """A digest of the sources of a fold's protocol and of the rooms below it, with their ABIs. A
    program that is installed without its sources is told by its version alone."""
    found = hashlib.sha256(analyzer.__version__.encode())
    for path in _sources(module):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _sources(module: str) -> Iterator[Path]:
    """The files that a change of may change what the fold of `module` gives, in order."""
    ours = Path(analyzer.__file__).parent
    folders = [ours / room for room in _ROOMS]
    parts = module.split(".")
    depth = 3 if parts[:2] == ["analyzer", "protocols"] else 1
    home = sys.modules.get(".".join(parts[:depth]))
    if home is not None and home.__file__ is not None:
        file = Path(home.__file__)
        if file.name == "__init__.py":
            folders.append(file.parent)
        else:
            yield file
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".json"))
