"""Aave V3 on the local chain: the real contracts of two revisions, and a seeded market in them."""
