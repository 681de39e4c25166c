"""The chain in memory, which has moved to `analyzer.testing`."""

from analyzer.testing.memory_chain import Interrupted, MemoryChain

__all__ = ["Interrupted", "MemoryChain"]
