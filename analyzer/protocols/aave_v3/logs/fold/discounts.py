"""What a debt token takes off interest without an event (GHO before revision 8 of the Pool).

Of an account with scaled debt s, settled last at index p, an event at index i says how much
interest it settled. What is missing was taken off, and its scaled part is burned in silence:

    gross  = ray_mul(s, i) - ray_mul(s, p)
    taken  = gross - balanceIncrease = percent_mul(gross, d), d whole basis points
    burned = ray_div(taken, i)

    q >= 0: s += ray_div(q, i) - burned             q: what the event did apart from interest
    q <  0: s  = 0 where -q is the whole balance, else s -= ray_div(-q, i) + burned

A plain token takes nothing, so every event of one is a check of s and p. Everything half up.
Source: GhoVariableDebtToken revision 3, ScaledBalanceTokenBase.
"""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.aave_v3.logs.fold.context import FoldContext
from analyzer.protocols.aave_v3.logs.sources import ZERO_ADDRESS
from analyzer.protocols.aave_v3.ray_math import PERCENT, percent_mul, ray_div, ray_mul
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.kit.arguments import integer
from analyzer.protocols.kit.unreadable import Unreadable


def is_rebalance(event: Event) -> bool:
    """Whether a debt's Mint is a rebalancing of its discount, which anybody can ask the token for
    and which the Pool does not see: the reserve is not updated."""
    return event.args.get("caller") == ZERO_ADDRESS


def settled_discount(context: FoldContext, event: Event, account: Account, asset: str) -> int:
    """What the token took off the interest that this Mint or Burn settles, which is settled now.

    Where it is no whole percentage, what is rebuilt of the debt is wrong: the account is unknown.
    """
    scaled, index = account.borrowed.get(asset, 0), integer(event, "index")
    last = account.debt_indexes.get(asset, index)
    account.debt_indexes[asset] = index
    gross = ray_mul(scaled, index) - ray_mul(scaled, last)
    taken = gross - integer(event, "balanceIncrease")
    if taken == 0 or _is_percentage(gross, taken):
        return taken
    said = integer(event, "balanceIncrease")
    words = f"interest of {said} in the event, of {gross} by the rebuilt debt"
    context.note("interest", event, f"{account.address} in {asset}: {words}")
    context.ledger.unknown.setdefault(
        account.address, Unreadable(f"variable debt of {asset}", words)
    )
    return 0


def _is_percentage(gross: int, taken: int) -> bool:
    """Whether `taken` is a whole number of basis points of `gross`, at most all of it."""
    if not 0 < taken <= gross:
        return False
    near = taken * PERCENT // gross
    return any(percent_mul(gross, bps) == taken for bps in (near, near + 1) if bps <= PERCENT)


def discounted_change(scaled: int, *, taken: int, change: int, index_ray: int) -> int:
    """How an event that settles a discount moved the scaled debt; change: q above."""
    burned = ray_div(taken, index_ray)
    if change >= 0:
        return ray_div(change, index_ray) - burned
    whole = -change == ray_mul(scaled, index_ray) - taken
    return -scaled if whole else -ray_div(-change, index_ray) - burned
