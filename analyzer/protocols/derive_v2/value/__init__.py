"""Derive V2: what accounts are worth at given prices."""
