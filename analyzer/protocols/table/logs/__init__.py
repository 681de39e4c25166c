"""A table has no logs: what stands in the place of contracts, events and reads."""
