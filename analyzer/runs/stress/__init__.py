"""Scenarios over the scans of a snapshot."""
