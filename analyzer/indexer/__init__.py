"""Drives a chain into the index, whose tables are its own: checkpoints, reorgs, re-checks."""
