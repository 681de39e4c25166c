"""The number that names an option.

    sub id (96 bits) = is call (1) | strike / 1e10 (63) | expiry, unix seconds (32)

Source: derivexyz/lyra-utils `OptionEncoding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

STRIKE_UNIT = 10**10
"""Strikes keep 8 decimals in the sub id."""


@dataclass(frozen=True, slots=True)
class OptionId:
    """What a sub id says. expiry: unix seconds; strike: 18 decimals."""

    expiry: int
    strike: int
    is_call: bool


@lru_cache(maxsize=1 << 16)
def decode_sub_id(sub_id: int) -> OptionId:
    """The option that `sub_id` names."""
    return OptionId(
        expiry=sub_id & 0xFFFFFFFF,
        strike=((sub_id >> 32) & (2**63 - 1)) * STRIKE_UNIT,
        is_call=bool((sub_id >> 95) & 1),
    )


def encode_sub_id(option: OptionId) -> int:
    """The sub id of `option`; digits of the strike below 1e10 are lost."""
    return option.expiry | (option.strike // STRIKE_UNIT) << 32 | int(option.is_call) << 95
