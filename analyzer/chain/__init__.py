"""Everything that talks to a node: endpoints, log ranges, bulk reads at a pinned block, recordings."""
