"""Perp V2: liquidations, the book in motion, and who bears losses."""
