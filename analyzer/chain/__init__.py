"""Everything that talks to a node: endpoints, ranges, bulk reads, recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analyzer.chain.base import Chain, Progress
from analyzer.model.errors import InputError


def open_chain(
    rpc: Sequence[str],
    recording: Path | None = None,
    record: Path | None = None,
    *,
    chain_id: int | None = None,
    progress: Progress | None = None,
    description: str = "",
    whole_headers: bool = False,
) -> Chain:
    """The chain behind RPC URLs or a recording, written down to `record` if that is given.

    `chain_id`: what the chain has to be, if it is known. `whole_headers`: headers keep all that the
    node or the recording says of them, as they do for a recording that is made here. Raises
    InputError when neither or both are given, for a malformed URL, a corrupt recording or another
    chain id; UnreadError when no endpoint answers.
    """
    if bool(rpc) == (recording is not None):
        raise InputError("give either an RPC URL (--rpc, ANALYZER_RPC) or a recording, not both")
    whole = whole_headers or record is not None
    chain: Chain
    if recording is not None:
        from analyzer.chain.replay import Replay

        chain = Replay(recording, whole_headers=whole)
        if chain_id is not None and chain.chain_id != chain_id:
            raise InputError(f"{recording} is of chain {chain.chain_id}, not of chain {chain_id}")
    else:
        from analyzer.chain.node import Node

        chain = Node(rpc, chain_id=chain_id, progress=progress, whole_headers=whole)
    if record is None:
        return chain
    from analyzer.chain.record import Recorder

    return Recorder(chain, record, description=description)
