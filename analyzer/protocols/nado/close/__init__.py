"""Nado: liquidations, the book in motion, and who bears losses."""
