"""What a keeper's liquidation would close of a position now: all of it, against its pool.

Nothing is traded: the pool takes the other side. What the collateral cannot pay is the pool's loss,
which everybody who holds the market's token bears.
"""

from __future__ import annotations

from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import ceil_div
from analyzer.protocols.gmx_v2.close.decrease import Decrease, decrease
from analyzer.protocols.gmx_v2.settings import DISABLED
from analyzer.protocols.gmx_v2.value.margin import TO_E18, down_e18
from analyzer.protocols.gmx_v2.value.market_prices import low
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.prices import to_e18
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt, known

KEEPERS, AFFILIATE = "protocol_fees", "affiliate"
LIQUIDATION, ADL = "position", "adl"
"""Kinds of closure."""
DISABLED_MARKET = "DisabledMarket"


def pool_party(market: str) -> str:
    """How a market's pool is called as a party of transfers."""
    return f"pool:{market}"


def liquidate(valued: GmxValued, account_id: str) -> list[Closure]:
    """The liquidation of a position that the contract would allow now; empty when it would not, or
    when the position or what its close costs is unknown. Raises: KeyError when there is no such
    position."""
    numbers = valued.valuation.numbers(account_id)
    if isinstance(numbers, Unreadable) or not numbers.keeper.reason:
        return []
    position = valued.state.positions[account_id]
    found = attempt(
        lambda: decrease(valued.valuation, position, position.size_in_usd, liquidation=True)
    )
    return [] if isinstance(found, Unreadable) else [closure(valued.valuation, found, LIQUIDATION)]


def closure(valuation: Valuation, found: Decrease, kind: str) -> Closure:
    """A close in the house's terms: amounts of USD in 18 decimals, rounded down; losses up."""
    position, pool = found.position, valuation.pool(found.position.market)
    index = valuation.state.tokens[pool.ledger.index_token]
    disabled = pool.market.settings[DISABLED] == 1
    size = found.tokens * 10**18 // 10**index.decimals
    penalty = found.liquidation.amount * valuation.collateral_price(position)
    settlement = found.settlement
    return Closure(
        account_id=position.key,
        kind=kind,
        asset_id=position.market,
        amount=size if position.is_long else -size,
        price_e18=to_e18(found.execution.price, index.decimals),
        value_e18=down_e18(found.usd),
        penalty_e18=down_e18(penalty),
        transfers=tuple(transfers(valuation, pool, found)),
        reverts=DISABLED_MARKET if disabled else None,
        after={
            "closed_tokens": found.tokens,
            "base_pnl_usd": found.profit.capped,
            "total_impact_usd": found.execution.total_usd,
            "unpaid_usd": settlement.unpaid_usd,
            "unpaid_funding": settlement.unpaid_funding,
            "fees_for_receiver": settlement.receiver,
            **{f"pool_change {token}": amount for token, amount in settlement.pool.items()},
            **{f"paid_out {token}": amount for token, amount in settlement.trader.items()},
        },
    )


def transfers(valuation: Valuation, pool: Pool, found: Decrease) -> list[Transfer]:
    """Who pays whom, USD of 18 decimals at the lower bounds: what the position was worth goes to
    its owner, the protocol and the pool; what it did not pay is bad debt of the pool.

    The pool's part is the rest, so that all of them add up to the position's equity.
    """
    settlement, position = found.settlement, found.position
    price = valuation.collateral_price(position)
    paid_out = sum(
        down_e18(amount * low(valuation.pairs[token]))
        for token, amount in settlement.trader.items()
    )
    parts = [
        (f"owner:{position.account}", paid_out, "paid out"),
        (KEEPERS, down_e18(_new_fees(found) * price), "fees"),
        (AFFILIATE, down_e18(settlement.affiliate * price), "reward of the referral"),
        (f"owner:{position.account}", down_e18(settlement.held * price), "held, claimable later"),
    ]
    lost = ceil_div(lost_usd(valuation, found), TO_E18)
    key, party = position.key, pool_party(position.market)
    out = [Transfer(key, to, amount, what) for to, amount, what in parts if amount]
    rest = equity_closed_e18(valuation, found) + lost - sum(amount for _, amount, _ in parts)
    if rest:
        ends = (key, party) if rest > 0 else (party, key)
        out.append(Transfer(*ends, abs(rest), "fees, impact and rounding of the close"))
    if lost:
        what = "loss beyond its collateral"
        out.append(Transfer(party, key, lost, what, bad_debt=True, asset_id=position.market))
    return out


def _new_fees(found: Decrease) -> int:
    """What the protocol gets of a close, raw collateral, but for borrowing, which was owed before;
    nothing where the fees were not paid in full."""
    if not found.settlement.receiver:
        return 0
    return found.fee.for_receiver + found.liquidation.for_receiver


def equity_closed_e18(valuation: Valuation, found: Decrease) -> int:
    """What the position's equity falls by, 18 decimals: all of it, or less what stays."""
    numbers = known(valuation.numbers(found.position.key))
    if found.usd == found.position.size_in_usd:
        return down_e18(numbers.equity)
    kept = found.collateral_left * numbers.collateral_price + numbers.profit.capped
    return down_e18(numbers.equity) - down_e18(kept - found.profit.capped)


def lost_usd(valuation: Valuation, found: Decrease) -> int:
    """What a closed position owed and did not pay, USD of 1e30: the rest of the step where the
    money ran out, and the steps after it."""
    if not found.settlement.at_step:
        return 0
    price = valuation.collateral_price(found.position)
    later = {
        "funding": 0,
        "pnl": max(0, -found.profit.capped),
        "fees": (found.fee.net + found.costs.borrowing + found.liquidation.amount) * price,
        "impact": max(0, -found.execution.total_usd),
        "diff": found.execution.left_out_usd,
    }
    names = list(later)
    after = names[names.index(found.settlement.at_step) + 1 :]
    return found.settlement.unpaid_usd + sum(later[name] for name in after)
