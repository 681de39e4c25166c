"""Aave V3: liquidations, the book in motion, and who bears losses."""
