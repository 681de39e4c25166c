"""The packed words of the Pool: a reserve's configuration, an account's flags.

    reserve   0-15 LTV | 16-31 threshold | 32-47 bonus | 48-55 decimals | 56 active | 57 frozen |
              58 borrowing | 59 stable | 60 paused | 61 borrowable in isolation | 62 siloed |
              63 flash loans | 64-79 reserve factor | 80-115 borrow cap | 116-151 supply cap |
              152-167 liquidation protocol fee | 168-175 eMode category | 176-211 unbacked cap |
              212-251 debt ceiling | 252 virtual accounting
    account   2i borrowing reserve i | 2i+1 reserve i is collateral

Percentages in bps, caps in whole tokens, the debt ceiling in cents of the base currency.
Source: DataTypes.ReserveConfigurationMap, UserConfigurationMap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReserveConfig:
    """A reserve's configuration word, taken apart. Bits that a revision has retired read as 0."""

    ltv_bps: int
    threshold_bps: int
    bonus_bps: int
    decimals: int
    active: bool
    frozen: bool
    borrowing: bool
    stable_borrowing: bool
    paused: bool
    borrowable_in_isolation: bool
    siloed: bool
    flash_loans: bool
    reserve_factor_bps: int
    borrow_cap: int
    supply_cap: int
    protocol_fee_bps: int
    emode_category: int
    unbacked_cap: int
    debt_ceiling: int
    virtual_accounting: bool

    @property
    def status(self) -> str:
        """`inactive`, `paused`, `frozen` or `active`: the first that applies."""
        if not self.active:
            return "inactive"
        if self.paused:
            return "paused"
        return "frozen" if self.frozen else "active"


def _bits(word: int, first: int, last: int) -> int:
    """Bits `first` to `last`, both inclusive, as an unsigned number."""
    return (word >> first) & ((1 << (last - first + 1)) - 1)


def reserve_config(word: int) -> ReserveConfig:
    """A reserve's configuration from its 256-bit word."""
    return ReserveConfig(
        ltv_bps=_bits(word, 0, 15),
        threshold_bps=_bits(word, 16, 31),
        bonus_bps=_bits(word, 32, 47),
        decimals=_bits(word, 48, 55),
        active=bool(_bits(word, 56, 56)),
        frozen=bool(_bits(word, 57, 57)),
        borrowing=bool(_bits(word, 58, 58)),
        stable_borrowing=bool(_bits(word, 59, 59)),
        paused=bool(_bits(word, 60, 60)),
        borrowable_in_isolation=bool(_bits(word, 61, 61)),
        siloed=bool(_bits(word, 62, 62)),
        flash_loans=bool(_bits(word, 63, 63)),
        reserve_factor_bps=_bits(word, 64, 79),
        borrow_cap=_bits(word, 80, 115),
        supply_cap=_bits(word, 116, 151),
        protocol_fee_bps=_bits(word, 152, 167),
        emode_category=_bits(word, 168, 175),
        unbacked_cap=_bits(word, 176, 211),
        debt_ceiling=_bits(word, 212, 251),
        virtual_accounting=bool(_bits(word, 252, 252)),
    )


def account_word(collateral: int, borrowed: Iterable[int]) -> int:
    """The account's flags as `getUserConfiguration` has them.

    collateral: bit i = reserve i is collateral. borrowed: ids of the reserves with debt.
    """
    word = 0
    for number in bit_numbers(collateral):
        word |= 1 << (2 * number + 1)
    for number in borrowed:
        word |= 1 << (2 * number)
    return word


def bit_numbers(bits: int) -> list[int]:
    """The numbers of the set bits, ascending."""
    out = []
    while bits:
        lowest = bits & -bits
        out.append(lowest.bit_length() - 1)
        bits ^= lowest
    return out


def has_bit(bitmap: int, number: int) -> bool:
    """Whether bit `number` is set."""
    return bool(bitmap >> number & 1)
