"""The kinds of fault that a node can be given, each a function of a few lines."""

from analyzer.testing.kinds import envelope, headers, logs, refusals, state, wire, worlds
from analyzer.testing.kinds.kind import KINDS, Kind, Stage

__all__ = ["KINDS", "Kind", "Stage", "envelope", "headers", "logs", "refusals", "state", "wire",
           "worlds"]  # fmt: skip
