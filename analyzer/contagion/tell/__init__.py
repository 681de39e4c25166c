"""Paths and firewalls as people read them."""
