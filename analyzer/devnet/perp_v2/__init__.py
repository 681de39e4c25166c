"""Perp V2 on the local chain: the real contracts, and a seeded market in them."""
