"""What the event handlers share: the ledger, the code that runs, small verbs on them."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.logs import Event
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger, ReserveLedger
from analyzer.protocols.aave_v3.ray_math import (
    compound_binomial,
    percent_mul,
    ray_div,
    ray_div_floor,
    ray_mul,
    ray_mul_floor,
)
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.indexes import updated
from analyzer.protocols.aave_v3.revisions import Rules
from analyzer.protocols.kit.folding import at_first, count_event, listed, note


@dataclass(slots=True)
class FoldContext:
    """The ledger under construction, and the code at the present event.

    rules: of the Pool's code. configurator_accrues: the configurator's code settles a reserve
    before it changes its reserve factor.
    """

    ledger: AaveLedger
    rules: Rules
    configurator_accrues: bool = False

    def account(self, address: str, event: Event) -> Account:
        """The account, created at its first event; counts this event for it."""
        accounts, first = self.ledger.accounts, event.block_number
        found = at_first(accounts, address, lambda: Account(address, first_block=first))
        count_event(found, event)
        return found

    def reserve(self, asset: str, event: Event) -> ReserveLedger | None:
        """The reserve of an asset; None, with a note, when it is not listed."""
        ledger = self.ledger
        return listed(ledger.reserves, asset, "reserve", event=event, notes=ledger.notes)

    def reserve_of_token(self, event: Event) -> ReserveLedger | None:
        """The reserve whose token emitted the event; None, with a note, when it is not listed."""
        asset = self.ledger.token_assets.get(event.address, "")
        found = self.ledger.reserves.get(asset)
        if found is None:
            self.note("unknown token", event, f"{event.name} of token {event.address}")
        return found

    def note(self, kind: str, event: Event, words: str) -> None:
        """Keeps what the rules do not explain."""
        note(self.ledger.notes, kind, event, words)

    def touch(self, reserve: ReserveLedger, now: int) -> int:
        """Updates a reserve as the Pool does before every action on it: indexes, then the
        treasury's share of the interest since the last update, which is returned (scaled)."""
        before = reserve.indexes
        if now == before.updated_at:
            return 0
        after = updated(self.rules, before, now, scaled_debt=reserve.scaled_debt)
        reserve.indexes = after
        if reserve.reserve_factor_bps == 0:
            return 0
        accrued = interest_accrued(self.rules, reserve, before.debt_ray, before.updated_at)
        share = percent_mul(accrued, reserve.reserve_factor_bps)
        divide = ray_div_floor if self.rules.directed else ray_div
        scaled = divide(share, after.supply_ray)
        reserve.accrued_to_treasury += scaled
        return scaled


def interest_accrued(
    rules: Rules, reserve: ReserveLedger, debt_ray_before: int, updated_before: int
) -> int:
    """Interest on the reserve's debt since its last update, with the revision's roundings.

    Directed: the index's increase times the scaled debt, down. Half up: debt now less debt then,
    each rounded; stable debt is compounded to both times from its own last update.
    Source: ReserveLogic._accrueToTreasury.
    """
    scaled, now = reserve.scaled_debt, reserve.indexes
    if rules.directed:
        return ray_mul_floor(scaled, now.debt_ray - debt_ray_before)
    variable = ray_mul(scaled, now.debt_ray) - ray_mul(scaled, debt_ray_before)
    stable = reserve.stable
    if not rules.stable_debt or stable.principal == 0:
        return variable
    until_now = compound_binomial(stable.average_rate_ray, now.updated_at - stable.updated_at)
    until_then = compound_binomial(stable.average_rate_ray, updated_before - stable.updated_at)
    return variable + ray_mul(stable.principal, until_now) - ray_mul(stable.principal, until_then)
