"""Scenarios, the cascade, waterfalls, clearing, paths."""
