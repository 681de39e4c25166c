"""Everything that talks to a node: endpoints, ranges, bulk reads, recordings."""
