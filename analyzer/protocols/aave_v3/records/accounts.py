"""An account as the logs say it: scaled balances, flags, mode. No price and no index is in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.protocols.aave_v3.ray_math import compound_binomial, ray_mul


@dataclass(slots=True)
class StableLoan:
    """An account's stable-rate debt in one reserve (revisions <= 4).

    principal: with interest up to updated_at (unix seconds); rate in ray per year.
    """

    principal: int = 0
    rate_ray: int = 0
    updated_at: int = 0

    def balance(self, now: int) -> int:
        """The debt at `now`, interest compounded since the last update."""
        if self.principal == 0:
            return 0
        return ray_mul(self.principal, compound_binomial(self.rate_ray, now - self.updated_at))


@dataclass(slots=True)
class Account:
    """One address that any token or flag event names.

    collateral_bits: bit i = reserve i is used as collateral. supplied, borrowed: asset -> scaled
    balance, entries kept at 0 once there were any. emode: category, 0 = none. debt_indexes:
    asset -> index (ray) at which the debt's interest was last settled; kept up to revision 8.
    bare_bits: of collateral_bits, those that the code may have left
    standing when the balance went to 0.
    """

    address: str
    emode: int = 0
    collateral_bits: int = 0
    bare_bits: int = 0
    supplied: dict[str, int] = field(default_factory=dict)
    borrowed: dict[str, int] = field(default_factory=dict)
    stable: dict[str, StableLoan] = field(default_factory=dict)
    debt_indexes: dict[str, int] = field(default_factory=dict)
    first_block: int = 0
    last_block: int = 0
    events: int = 0

    def borrows(self, asset: str) -> bool:
        """Whether there is any debt in this asset."""
        loan = self.stable.get(asset)
        return self.borrowed.get(asset, 0) > 0 or (loan is not None and loan.principal > 0)

    @property
    def has_debt(self) -> bool:
        """Whether there is any debt at all."""
        return any(self.borrowed.values()) or any(x.principal for x in self.stable.values())
