"""Perp V2: what the contracts themselves say, and what a scan has to warn of."""
