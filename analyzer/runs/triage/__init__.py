"""Findings from one scan to the next: what is new, what is accepted."""
