"""Nado: its state at a block, from pinned slots, with the logs beside it."""
