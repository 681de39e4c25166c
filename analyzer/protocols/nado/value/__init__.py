"""Nado: prices, health, margin and what is written out of them."""
