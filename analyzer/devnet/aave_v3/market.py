"""A deployed Aave V3 market: its contracts, its reserves, and what people do with them as calls.

The functions that people call have the same signatures in all revisions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.devnet.aave_v3.plans import (
    CATEGORIES,
    STAKING_CATEGORY,
    CategoryPlan,
    RatePlan,
    ReservePlan,
)
from analyzer.devnet.chain import Call
from analyzer.devnet.feeds import Feed
from analyzer.devnet.tokens import UNLIMITED, Token
from analyzer.devnet.world import Contract

NOBODY = "0x" + "00" * 20
STABLE_RATE = 1
VARIABLE_RATE = 2
FIRST_REVISION = 1


@dataclass(frozen=True, slots=True)
class Reserve:
    """A listed reserve: the asset, its tokens and its feed."""

    plan: ReservePlan
    token: Token
    feed: Feed
    a_token: Contract
    variable_debt: Contract
    stable_debt: Contract | None

    @property
    def asset(self) -> str:
        """The address of the underlying token, which names the reserve."""
        return self.token.address

    def units(self, usd: float) -> int:
        """How many units of the asset `usd` dollars buy at the feed's price."""
        return self.token.units(usd / self.feed.price_usd)


@dataclass
class Aave:
    """Everything that was deployed. `reserves` are by symbol, in the order of their listing."""

    revision: int
    from_block: int
    admin: str
    treasury: str
    umbrella: str
    provider: Contract
    acl: Contract
    pool: Contract
    configurator: Contract
    oracle: Contract
    fallback_oracle: Contract
    data_provider: Contract
    sentinel: Contract
    sequencer: Contract
    strategies: dict[RatePlan, Contract]
    reserves: dict[str, Reserve] = field(default_factory=dict)

    @property
    def first(self) -> bool:
        """Whether this is revision 1, with stable rates and one eMode category per asset."""
        return self.revision == FIRST_REVISION

    def contracts(self) -> dict[str, str]:
        """Role -> address, as the deployment file has them."""
        return {
            "pool_addresses_provider": self.provider.address,
            "pool": self.pool.address,
            "pool_configurator": self.configurator.address,
            "oracle": self.oracle.address,
            "data_provider": self.data_provider.address,
            "acl_manager": self.acl.address,
            "price_oracle_sentinel": self.sentinel.address,
        }

    def categories(self) -> list[CategoryPlan]:
        """The eMode categories that this revision has."""
        return [c for c in CATEGORIES if not self.first or c.id != STAKING_CATEGORY]

    def configure(self, function: str, *args: object) -> Call:
        """The admin changes a setting through the configurator."""
        return self.configurator.send(self.admin, function, *args)

    def supply(self, user: str, reserve: Reserve, amount: int) -> Call:
        """`user` supplies what they hold (and have approved)."""
        return self.pool.send(
            user, "supply", reserve.asset, amount, user, 0, label=f"supply {reserve.plan.symbol}"
        )

    def withdraw(self, user: str, reserve: Reserve, amount: int = UNLIMITED) -> Call:
        """`user` takes supplied tokens back; without an amount all of them."""
        return self.pool.send(
            user, "withdraw", reserve.asset, amount, user, label=f"withdraw {reserve.plan.symbol}"
        )

    def borrow(
        self,
        user: str,
        reserve: Reserve,
        amount: int,
        *,
        mode: int = VARIABLE_RATE,
        debtor: str | None = None,
    ) -> Call:
        """`user` borrows, on their own account or on that of the `debtor` who lets them."""
        arguments = (reserve.asset, amount, mode, 0, debtor or user)
        return self.pool.send(user, "borrow", *arguments, label=f"borrow {reserve.plan.symbol}")

    def repay(
        self, user: str, reserve: Reserve, amount: int = UNLIMITED, *, mode: int = VARIABLE_RATE
    ) -> Call:
        """`user` pays debt back from what they hold; without an amount all of it."""
        arguments = (reserve.asset, amount, mode, user)
        return self.pool.send(user, "repay", *arguments, label=f"repay {reserve.plan.symbol}")

    def repay_with_supplied(self, user: str, reserve: Reserve, amount: int = UNLIMITED) -> Call:
        """`user` pays variable debt with their own supply of the same asset."""
        return self.pool.send(user, "repayWithATokens", reserve.asset, amount, VARIABLE_RATE)

    def use_as_collateral(self, user: str, reserve: Reserve, use: bool) -> Call:
        """`user` sets or clears the collateral flag."""
        return self.pool.send(user, "setUserUseReserveAsCollateral", reserve.asset, use)

    def set_category(self, user: str, category: int) -> Call:
        """`user` enters an eMode category, or leaves it with 0."""
        return self.pool.send(user, "setUserEMode", category)
