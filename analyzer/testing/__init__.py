"""The kit for authors of protocols: a node with faults on a schedule, and chains to put behind it.

`FaultNode` answers JSON-RPC on 127.0.0.1 from a chain that tells the truth (`Recorded`: a
recording; `InMemory`: a `MemoryChain` of a few lines; `Upstream`: another node), but for the
`Fault`s that it is given. `KINDS` lists what can go wrong; docs/faults.md says what the analyzer
makes of each, and docs/testing.md how to use all this.
"""

from analyzer.testing.in_memory import InMemory
from analyzer.testing.kinds import KINDS
from analyzer.testing.memory_chain import Interrupted, MemoryChain
from analyzer.testing.node import FaultNode, Hit
from analyzer.testing.recorded import Recorded
from analyzer.testing.rpc import RefusedError
from analyzer.testing.schedule import Fault
from analyzer.testing.upstream import Upstream

__all__ = [
    "KINDS",
    "Fault",
    "FaultNode",
    "Hit",
    "InMemory",
    "Interrupted",
    "MemoryChain",
    "Recorded",
    "RefusedError",
    "Upstream",
]
