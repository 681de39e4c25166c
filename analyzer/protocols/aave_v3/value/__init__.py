"""Aave V3: what accounts are worth at given prices."""
