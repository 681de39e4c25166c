"""The vocabulary of the house: the types that cross rooms and the exact integer helpers.

This room imports nothing of ours. Everything here is data: frozen dataclasses, enums, errors and
pure functions on integers.
"""
