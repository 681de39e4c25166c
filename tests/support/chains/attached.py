"""A hand on a local chain that already runs: mine, send and ask, and then everything as before.

The chain belongs to all tests of a run: what is done here is undone when the block ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from analyzer.devnet.chain import Anvil, Call, Mined
from analyzer.devnet.clock import Clock
from analyzer.devnet.packages import Packages
from analyzer.devnet.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.devnet.up import DevnetInfo


@dataclass
class RunningAnvil(Anvil):
    """The anvil of somebody else: it is neither started nor stopped here."""

    def nonce(self, sender: str) -> int:
        """The nonce of the sender's next transaction, as the node counts it."""
        if sender not in self._nonces:
            self._nonces[sender] = int(
                str(self.rpc("eth_getTransactionCount", sender, "latest")), 16
            )
        return self._nonces[sender]

    def mine(self, timestamp: int, calls: Sequence[Call] = ()) -> Mined:
        """One block, see `Anvil.mine`."""
        for call in calls:
            self.nonce(call.sender)
        return super().mine(timestamp, calls)


@contextmanager
def attached(info: DevnetInfo, packages: Path | None = None) -> Iterator[World]:
    """A `World` on the running chain, at its last block; the chain is put back in the end.

    packages: the folder that npm installed contracts into, where some are to be deployed.
    """
    port = urlsplit(info.rpc).port
    assert port is not None
    anvil = RunningAnvil("", info.chain_id, 0, port)
    snapshot = anvil.rpc("evm_snapshot")
    clock = Clock(anvil.last_header().time)
    world = World(anvil, Packages(packages) if packages else None, info.seed, clock)  # type: ignore[arg-type]
    try:
        yield world
    finally:
        assert anvil.rpc("evm_revert", snapshot) is True
        anvil.stop()
