"""The steps that move prices: the protocols are handed the market's, and accounts are measured.

exogenous    the scenario's shock, factor by factor
endogenous   what sales and losses did since the last move: factor by factor, then each
             receipt token
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from analyzer.contagion.cascade.measure import Change, change
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.transmission import Cause, Changes, Move
from analyzer.contagion.trace import Channel

Stage = tuple[Cause, Changes]
"""Why prices move, and the protocols' prices after it."""


def exogenous(state: State) -> list[Stage]:
    """The shock, factor by factor: each with the prices that it leads to."""
    target = state.prices.protocol_e18()
    return [
        (
            Cause(Channel.EXOGENOUS, factor, []),
            [
                {asset: price for asset, price in new.items() if venue.factors[asset] == factor}
                for venue, new in zip(state.venues, target, strict=True)
            ],
        )
        for factor in state.prices.factors()
    ]


def endogenous(state: State) -> list[Stage]:
    """Sales and losses since the last move: factor by factor, then token by token."""
    prices = state.prices
    impact, recovery = dict(state.impact), dict(state.recovery)
    out = []
    for factor, ratio in sorted(prices.impact.items()):
        impact[factor] = ratio
        cause = Cause(Channel.PRICE, factor, [])
        out.append((cause, prices.protocol_e18(impact, recovery)))
    for token, worth in sorted(prices.recovery.items()):
        recovery[token] = worth
        cause = Cause(Channel.RECEIPT, token, [], state.ledger.issuers[token])
        out.append((cause, prices.protocol_e18(impact, recovery)))
    return out


def revalue(state: State, stages: Callable[[State], list[Stage]]) -> Change:
    """Hands the market's prices to the protocols, stage by stage, and measures what that did; where
    nobody asks why, at once."""
    if not state.ledger.traced:
        return _handed_on(state)
    start, before = state.protocol_e18, state.equities
    causes, at = [], start
    for cause, then in stages(state):
        moved = _changed(at, then)
        if any(moved):
            causes.append(replace(cause, prices=moved))
        at = [old | new for old, new in zip(at, moved, strict=True)]
    state.impact, state.recovery = dict(state.prices.impact), dict(state.prices.recovery)
    if causes:
        state.protocol_e18 = at
        for venue, changed in zip(state.venues, _changed(start, at), strict=True):
            if changed:
                venue.simulation.set_prices(changed)
        state.measure()
        move = Move(state.number, start, tuple(causes), before, state.equities)
        state.ledger.transmission.moves.append(move)
    return change(state.venues, before, state.equities)


def _handed_on(state: State) -> Change:
    """The protocols' prices after all stages; nothing is measured."""
    moved = _changed(state.protocol_e18, state.prices.protocol_e18())
    for venue, changed in zip(state.venues, moved, strict=True):
        if changed:
            venue.simulation.set_prices(changed)
    state.protocol_e18 = [old | new for old, new in zip(state.protocol_e18, moved, strict=True)]
    return Change(0, 0)


def _changed(before: Changes, after: Changes) -> Changes:
    """Venue by venue the prices of `after` that differ."""
    return [
        {asset: price for asset, price in new.items() if old[asset] != price}
        for old, new in zip(before, after, strict=True)
    ]
