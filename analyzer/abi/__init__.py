"""Bytes to columns and back: logs, returns, calls. Knows no protocol and no node."""
