"""Bytes to columns and back: log and return decoding, call encoding. Knows no protocol and no node."""
