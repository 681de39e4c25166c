"""The plug, and one folder a protocol."""
