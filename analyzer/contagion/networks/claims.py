"""Claims between protocols, read from who holds whose tokens, and what they are worth.

    pool     = who is owed together: the holders of a receipt token (the suppliers of one asset), or
               all accounts of a protocol without such tokens
    claim    = a pool's holders are another protocol, which took the token as collateral
    recovery = paid / owed of every pool, when all of them clear at once (Eisenberg-Noe)

How much of a token a protocol holds is read from its book: the sum over its accounts of what their
equity would gain if the token cost twice as much. So it is net of what it has lent out itself.

One pool's loss lowers what its token is worth, and so what the holder's pools can pay, and so on,
in a circle where protocols hold each other's tokens: the greatest solution is taken, in which as
little as possible is lost. Accounts whose equity is unknown hold an unknown part: they are counted.

Source: Eisenberg and Noe 2001; risk models 1.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.contagion.cascade import Venue
from analyzer.contagion.networks.clearing import eisenberg_noe
from analyzer.model.integers import WAD

PoolKey = tuple[str, str | None]
"""(name of the venue, the asset whose losses it bears; None = any)."""

ROUNDING_E18 = 10**12
"""What a sum of claims may exceed a pool's own figures by: roundings of protocols, at 18
decimals."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Those who are owed together by one venue. 18 decimals of the unit of account.

    tokens: that stand for it; none where accounts themselves are owed. owed_e18: at face value.
    loss_e18: what is missing behind it by its own doing, before any claim on others fails.
    """

    venue: str
    asset_id: str | None
    tokens: tuple[str, ...]
    owed_e18: int
    loss_e18: int

    @property
    def key(self) -> PoolKey:
        """What names it."""
        return self.venue, self.asset_id


@dataclass(frozen=True, slots=True)
class Claim:
    """What one pool is owed by another through a token that its venue holds, at face value."""

    debtor: PoolKey
    creditor: PoolKey
    token: str
    amount_e18: int


@dataclass(frozen=True, slots=True)
class Claims:
    """Every claim between the venues. unknown: venue -> accounts whose part could not be read."""

    claims: tuple[Claim, ...]
    unknown: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the pools pay. Floats: ratios are solved for."""

    recovery: Mapping[PoolKey, float]
    """Paid / owed, 0 to 1; 1 for a pool that owes nothing."""
    by_token: Mapping[str, float]
    """What a receipt token is worth, over its face value."""
    lost_on_claims: Mapping[PoolKey, float]
    """What a pool's claims on others lack, in units of the unit of account."""
    rounds: int
    """Steps in which further pools could not pay in full."""


def pools_of(venue: Venue, losses_e18: Mapping[str | None, int]) -> list[Pool]:
    """The pools of a venue. losses_e18: asset (None: any) -> loss that its holders bear, >= 0.

    A venue with receipt tokens has a pool for each asset that they are backed by; another one has
    a single pool: the positive equities of its accounts that are no backstops.

    Raises: ValueError for a loss that no pool bears, or a negative one.
    """
    owed: dict[str | None, int] = {}
    tokens: dict[str | None, list[str]] = {}
    for receipt in venue.simulation.receipts():
        owed[receipt.backed_by] = owed.get(receipt.backed_by, 0) + receipt.supply_e18
        tokens.setdefault(receipt.backed_by, []).append(receipt.token)
    if not owed:
        owed[None] = sum(max(equity, 0) for _, equity in _equities(venue) if equity is not None)
    for asset, loss in losses_e18.items():
        if loss < 0 or (loss and asset not in owed):
            raise ValueError(f"a loss of {loss} in {asset or 'no asset'}: {venue.name} has no pool")
    return [
        Pool(venue.name, asset, tuple(tokens.get(asset, ())), amount, losses_e18.get(asset, 0))
        for asset, amount in owed.items()
    ]


def claims_between(venues: Sequence[Venue], pools: Iterable[Pool]) -> Claims:
    """Every claim that one of the venues has on another, at the prices of now.

    The creditor is the pool of the token itself where the venue keeps one for it, else the venue's
    only pool. Nothing is changed. A token is matched whatever its case.

    Raises: ValueError where a venue holds a token and it is open which of its pools bears it.
    """
    known = list(pools)
    of_token = {token.lower(): pool for pool in known for token in pool.tokens}
    claims: list[Claim] = []
    unknown: dict[str, int] = {}
    for venue in venues:
        own = [pool for pool in known if pool.venue == venue.name]
        prices = venue.simulation.prices_e18()
        for asset in sorted(prices):
            debtor = of_token.get(asset.lower())
            if debtor is None or debtor.venue == venue.name:
                continue
            amount, unread = _held(venue, asset, prices[asset])
            if unread:
                unknown[venue.name] = unread
            if amount > 0:
                claims.append(Claim(debtor.key, _bearer(own, asset, venue.name), asset, amount))
    return Claims(tuple(claims), unknown)


@dataclass(frozen=True, slots=True)
class Held:
    """An account of one venue that is a contract of another: what the other has deposited there.

    role: of the contract. equity_e18: None where it is unknown.
    """

    debtor: str
    creditor: str
    role: str
    account_id: str
    equity_e18: int | None


def held_as_accounts(venues: Sequence[Venue]) -> list[Held]:
    """Every account of a venue that is a contract of another one, whatever the case of its
    address: its equity is a claim of the other, and falls with losses that holders bear."""
    out = []
    for debtor in venues:
        accounts = {account.lower(): account for account in debtor.simulation.account_ids()}
        for creditor in venues:
            if creditor.name == debtor.name:
                continue
            for role, address in sorted(creditor.contracts.items()):
                account = accounts.get(address.lower())
                if account is None:
                    continue
                standing = debtor.simulation.standing(account)
                equity = None if standing is None else standing.equity_e18
                out.append(Held(debtor.name, creditor.name, role, account, equity))
    return out


def recover(pools: Sequence[Pool], claims: Iterable[Claim]) -> Recovered:
    """What every pool and token is worth once all claims have cleared.

    A pool's own assets are what it owes, less its loss, less its claims on others (which are worth
    what those pay). Largest solution; float64.

    Raises: ValueError for a pool that is named twice, owes less than others claim from it, or whose
    claims on others exceed what its loss leaves (its loss would be counted twice); KeyError for a
    claim on or of a pool that is not there.
    """
    place = {pool.key: number for number, pool in enumerate(pools)}
    if len(place) != len(pools):
        raise ValueError("a pool is named twice")
    owed_to = [[0] * len(pools) for _ in pools]
    for claim in claims:
        owed_to[place[claim.debtor]][place[claim.creditor]] += claim.amount_e18
    outside_e18, own_e18 = [], []
    for number, pool in enumerate(pools):
        claimed = sum(owed_to[number])
        held = sum(row[number] for row in owed_to)
        outside_e18.append(_not_negative(pool.owed_e18 - claimed, pool, "more is claimed from it"))
        left = pool.owed_e18 - pool.loss_e18 - held
        own_e18.append(_not_negative(left, pool, "its claims on others exceed what is behind it"))
    liabilities = np.array([[amount / WAD for amount in row] for row in owed_to])
    cleared = eisenberg_noe(
        liabilities.reshape(len(pools), len(pools)),
        [amount / WAD for amount in own_e18],
        [amount / WAD for amount in outside_e18],
    )
    recovery = {pool.key: float(cleared.recovery[place[pool.key]]) for pool in pools}
    failing = liabilities.T @ (1 - cleared.recovery) if pools else np.zeros(0)
    return Recovered(
        recovery=recovery,
        by_token={token: recovery[pool.key] for pool in pools for token in pool.tokens},
        lost_on_claims={pool.key: float(failing[place[pool.key]]) for pool in pools},
        rounds=cleared.rounds,
    )


def _equities(venue: Venue) -> Iterable[tuple[str, int | None]]:
    """Every account that is no backstop, with its equity; None = unknown."""
    for account in venue.simulation.account_ids():
        if account not in venue.funds:
            standing = venue.simulation.standing(account)
            yield account, None if standing is None else standing.equity_e18


def _held(venue: Venue, asset: str, price: int) -> tuple[int, int]:
    """What a venue's accounts hold of an asset, less what they owe of it; how many are unknown."""
    simulation, total, unknown = venue.simulation, 0, 0
    for account in simulation.account_ids():
        before = simulation.equity_at(account, {})
        after = simulation.equity_at(account, {asset: 2 * price})
        if before is None or after is None:
            unknown += 1
        else:
            total += after - before
    return total, unknown


def _bearer(own: Sequence[Pool], asset: str, venue: str) -> PoolKey:
    """The pool that bears a token's loss of value."""
    kept = [pool for pool in own if (pool.asset_id or "").lower() == asset.lower()]
    if len(kept or own) != 1:
        raise ValueError(f"{venue} holds {asset}, and it is open which of its pools bears that")
    return (kept or own)[0].key


def _not_negative(amount: int, pool: Pool, why: str) -> int:
    """An amount that may lie below zero by rounding only."""
    if amount < -ROUNDING_E18:
        raise ValueError(f"the pool {pool.key} owes {pool.owed_e18}, but {why}, by {-amount}")
    return max(amount, 0)
