"""Nado: which logs are indexed, and what they add up to."""
