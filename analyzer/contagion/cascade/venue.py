"""One protocol's deployment as a cascade sees it: its simulation, and what its names stand for."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzer.model.closure import Executed
from analyzer.model.integers import mul_div
from analyzer.protocols.simulation import (
    AdlRule,
    Deleveraging,
    Least,
    Offer,
    Shape,
    Simulation,
    Stake,
    Terms,
)

LIQUIDATOR = "liquidator"
"""The role that a plug's transfers name whoever liquidates by."""


def terms_of(executed: Executed) -> Terms:
    """What a closure comes to for its liquidator."""
    closure, paid = executed.closure, 0
    for transfer in closure.transfers:
        paid += transfer.amount_e18 * (transfer.to_party == LIQUIDATOR)
        paid -= transfer.amount_e18 * (transfer.from_party == LIQUIDATOR)
    return Terms(paid, closure.value_e18, executed.sold)


@dataclass(frozen=True, slots=True)
class Venue:
    """One deployment in a cascade. All of its amounts are in its own unit of account, and a unit
    of account counts as one US dollar where several venues meet.

    factors: asset id -> risk factor. decimals: asset id -> decimals of its amounts. owners:
    account id -> owner (an account that is missing owns itself). funds: the accounts that are
    backstops themselves: their losses are absorbed losses, not failures. fixed: assets whose
    price no market moves (the unit of account, a closed market). contracts: addresses that belong
    to the venue, to find what it holds elsewhere. restart: makes the simulation of the block
    anew, for a scenario of several steps. symbols: asset id -> symbol. chain_id: 0 = no chain.
    """

    name: str
    simulation: Simulation
    factors: Mapping[str, str]
    decimals: Mapping[str, int]
    owners: Mapping[str, str] = field(default_factory=dict)
    funds: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    contracts: Mapping[str, str] = field(default_factory=dict)
    restart: Callable[[], Simulation] | None = None
    symbols: Mapping[str, str] = field(default_factory=dict)
    chain_id: int = 0

    @property
    def deleveraging(self) -> Deleveraging | None:
        """The simulation as one that cuts profits by a policy; None for any other."""
        return self.simulation if isinstance(self.simulation, Deleveraging) else None

    @property
    def adl_rule(self) -> AdlRule | None:
        """The policy; None where the venue has none."""
        source = self.deleveraging
        return None if source is None else source.adl()

    def version(self, account_id: str) -> object | None:
        """See `protocols.simulation.Versioned`; None where the simulation does not say."""
        says = getattr(self.simulation, "version", None)
        return None if says is None else says(account_id)

    def terms(self, offer: Offer, amount: int) -> Terms | None:
        """What an amount of an offer comes to for a liquidator; None where it is refused."""
        quick = getattr(self.simulation, "terms", None)
        if quick is not None and amount != offer.most:
            found: Terms | None = quick(offer, amount)
            return found
        whole = amount == offer.most
        executed = offer.largest if whole else self.simulation.preview(offer, amount)
        return None if executed is None else terms_of(executed)

    def stake(self, account_id: str) -> Stake | None:
        """See `protocols.simulation.Quick`; None where the simulation does not say."""
        says = getattr(self.simulation, "stake", None)
        found: Stake | None = None if says is None else says(account_id)
        return found

    def shapes(self, account_id: str) -> Sequence[tuple[Shape, float]] | None:
        """See `protocols.simulation.Many`; None where the simulation does not say."""
        says = getattr(self.simulation, "shapes", None)
        found: Sequence[tuple[Shape, float]] | None = None if says is None else says(account_id)
        return found

    def may_pay(self, least: Least) -> Container[str] | None:
        """See `protocols.simulation.Many`; None where the simulation does not say."""
        says = getattr(self.simulation, "may_pay", None)
        found: Container[str] | None = None if says is None else says(least)
        return found

    def equities(self) -> list[int | None]:
        """Every account's equity now, in book order; None where it is unknown."""
        simulation = self.simulation
        says = getattr(simulation, "equities", None)
        if says is not None:
            found: list[int | None] = says()
            return found
        standings = map(simulation.standing, simulation.account_ids())
        return [None if standing is None else standing.equity_e18 for standing in standings]

    def equities_at(
        self, account_ids: Sequence[str], prices_e18: Sequence[Mapping[str, int]]
    ) -> list[list[int | None]] | None:
        """See `protocols.simulation.Many`; None where the simulation goes account by account."""
        says = getattr(self.simulation, "equities_at", None)
        found: list[list[int | None]] | None = (
            None if says is None else says(account_ids, prices_e18)
        )
        return found

    def afresh(self) -> Venue:
        """The same deployment at the block, with a simulation of its own. Raises: ValueError when
        nothing says how to make one."""
        if self.restart is None:
            raise ValueError(f"venue {self.name} does not say how to begin again")
        return replace(self, simulation=self.restart())

    def owner(self, account_id: str) -> str:
        """Who owns an account."""
        return self.owners.get(account_id, account_id)

    def value_e18(self, asset_id: str, amount: int, price_e18: int) -> int:
        """What an amount of an asset is worth at a price, truncated toward zero."""
        return mul_div(amount, price_e18, 10 ** self.decimals[asset_id])
