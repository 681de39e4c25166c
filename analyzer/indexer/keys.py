"""The column that tables of an index begin with."""

from __future__ import annotations

from analyzer.store.schema import text

KEY = text(
    "deployment_key",
    "The deployment: hash of protocol, chain, contracts, first block, and recording if any.",
    key=True,
)
