"""A batch of reads of Derive V2's contracts: its ABI files, and reverts by their own names."""

from __future__ import annotations

from analyzer.protocols.derive_v2.deployments import ABI_FOLDER
from analyzer.protocols.derive_v2.errors import error_name
from analyzer.protocols.kit.batch import Batch


def new_batch() -> Batch:
    """An empty batch."""
    return Batch(ABI_FOLDER, error_name)
