"""What an upgrade of the Pool writes in silence, taken up again at the upgrade itself.

    3.1    every reserve is updated (indexes, treasury's share) without an event, and gets

               virtual balance = min(underlying held by the aToken,
                                     aTokens + treasury's share - debts)

    3.4    a reserve without virtual accounting (GHO) gets it, beginning at 0

The chain is asked for the balance at the upgrade's own block, never at the block that is judged.
Where it does not say, the rule does, from what is folded alone: what the aToken holds is the flows
and whatever was given to it, so where the second term is not above the flows it is the smaller.
Where it is above them, the block after the upgrade's is asked, whose flows are in the logs.
Source: PoolRevision4Initialize (3.1), PoolInstance with GHO's custom initializer (3.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.logs.fold.context import FoldContext
from analyzer.protocols.aave_v3.logs.fold.ledger import Anchor, ReserveLedger
from analyzer.protocols.aave_v3.ray_math import compound_binomial, ray_mul
from analyzer.protocols.aave_v3.revisions import Rules, VirtualBalance
from analyzer.protocols.aave_v3.words import reserve_config
from analyzer.protocols.kit.batch import Batch, Ticket


@dataclass(frozen=True, slots=True)
class Said:
    """What the chain says a reserve's virtual balance is at the end of a block."""

    block_number: int
    asset: str
    balance: int


def on_pool_code(
    context: FoldContext, before: Rules, event: Event, pool: str
) -> Reading[list[Said]]:
    """The Pool's code changed from `before` to `context.rules`: the anchors, by rule. What the
    chain says of the end of the block (or of the next) is returned in order, for `settle`."""
    after, reserves = context.rules, context.ledger.reserves
    if after.virtual_balance is before.virtual_balance:
        return []
    block, anchored = event.block_number, []
    if before.virtual_balance is VirtualBalance.NONE:
        for reserve in reserves.values():
            context.touch(reserve, event.time)
            reserve.anchors.append(_by_rule(reserve, event, after.revision))
            anchored.append(reserve.asset)
    else:
        for asset in (yield from _uncounted(pool, reserves, block)):
            flows = reserves[asset].liquidity
            reserves[asset].anchors.append(Anchor(block, after.revision, flows, claims=0, start=0))
            anchored.append(asset)
    said = yield from _asked(pool, anchored, block)
    known = {one.asset for one in said}
    open_ = [a for a in anchored if a not in known and reserves[a].anchors[-1].start is None]
    return said + (yield from _asked(pool, open_, block + 1))


def _uncounted(pool: str, reserves: Mapping[str, ReserveLedger], block: int) -> Reading[list[str]]:
    """The reserves without virtual accounting before the block: as their configuration then says,
    and where it is not read those whose debt has discounts, which are none that had it. What an
    upgrade to 3.1 in the very block anchored is counted since then."""
    batch = Batch(ABI_FOLDER)
    asked = {
        asset: batch.call(
            "Pool",
            pool,
            "getReserveData",
            asset,
            about=f"{asset} at block {block - 1}",
            evidence=True,
            block=block - 1,
        )
        for asset, reserve in reserves.items()
        if not (reserve.anchors and reserve.anchors[-1].block_number == block)
    }
    replies = yield from batch.read()
    out = []
    for asset, ticket in asked.items():
        data = replies.value(ticket)
        counted = not reserves[asset].discounted
        if isinstance(data, tuple) and isinstance(data[0], tuple):
            counted = reserve_config(data[0][0]).virtual_accounting
        if not counted:
            out.append(asset)
    return out


def _by_rule(reserve: ReserveLedger, event: Event, revision: int) -> Anchor:
    """3.1's rule, half up as its tokens round."""
    indexes, stable = reserve.indexes, reserve.stable
    grown = compound_binomial(stable.average_rate_ray, event.time - stable.updated_at)
    debts = ray_mul(reserve.scaled_debt, indexes.debt_ray) + ray_mul(stable.principal, grown)
    tokens = ray_mul(reserve.scaled_supply, indexes.supply_ray)
    claims = tokens + ray_mul(reserve.accrued_to_treasury, indexes.supply_ray) - debts
    flows = reserve.liquidity
    start = claims if claims <= flows else None
    return Anchor(event.block_number, revision, flows, claims, start)


def _asked(pool: str, assets: list[str], block: int) -> Reading[list[Said]]:
    """The virtual balances at the end of a block, as far as the chain says them."""
    if not assets:
        return []
    batch = Batch(ABI_FOLDER)
    asked: dict[str, Ticket] = {
        asset: batch.call(
            "Pool",
            pool,
            "getVirtualUnderlyingBalance",
            asset,
            about=f"{asset} at block {block}",
            evidence=True,
            block=block,
        )
        for asset in assets
    }
    replies = yield from batch.read()
    found = {asset: replies.optional(ticket) for asset, ticket in asked.items()}
    return [Said(block, asset, value) for asset, value in found.items() if value is not None]


def settle(context: FoldContext, said: list[Said], before_block: int | None = None) -> list[Said]:
    """Every block before this one (None: every block) has ended: what the chain said of its end
    goes before the rule. What is still to come is returned."""
    later = [s for s in said if before_block is not None and s.block_number >= before_block]
    for one in (s for s in said if s not in later):
        reserve = context.ledger.reserves.get(one.asset)
        if reserve is not None:
            old = reserve.anchors.pop()
            new = replace(old, flows=reserve.liquidity, start=one.balance, read_at=one.block_number)
            reserve.anchors.append(new)
    return later
