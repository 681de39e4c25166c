"""Tells whether a derivative protocol is solvent, account by account, straight from the chain."""

__version__ = "0.1.0"
