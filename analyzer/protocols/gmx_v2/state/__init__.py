"""GMX V2: its state at a block, from the logs and from pinned reads."""
