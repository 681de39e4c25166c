"""Derive V2: what its contracts keep, as plain records that logs and reads fill in."""
