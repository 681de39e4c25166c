"""The protocol `bank` as if installed, its small chain, and recordings of it."""

from __future__ import annotations

from bank_chain import chain, deployment_file, installed, live, recording, run_scan

__all__ = ["chain", "deployment_file", "installed", "live", "recording", "run_scan"]
