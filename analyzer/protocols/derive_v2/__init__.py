"""Derive V2 (Lyra V2): see the README of this folder for formulas and sources."""
