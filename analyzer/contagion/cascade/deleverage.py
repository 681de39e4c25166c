"""Auto-deleveraging: what winners pay of a round's deficit, by the venue's own policy.

    deficit of the round  ─▶  layers before  ─▶  winners, by policy  ─▶  layers behind, for the rest

A policy needs the whole deficit at once (`linear.adl`), so it is collected while accounts are
closed and taken when all are: winners' positions are closed in the share that is taken of their
profit, at prices that give exactly so much less than the venue's own. Contracts end on both sides:
nothing goes to the market. Amounts are integers: a policy's fractions decide the proportions, and
the largest remainders the last unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.contagion.cascade.closing import Closing
from analyzer.contagion.cascade.result import ProfitCut
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.linear.adl import capped, pro_rata, queue, risk_aware
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.trace import Channel, Edge, account_node
from analyzer.contagion.trace.apportion import apportion
from analyzer.model.integers import WAD
from analyzer.protocols.simulation import AdlRule, Winner

POLICIES = ("pro-rata", "queue", "capped", "risk-aware")
"""Pro rata first: the others are held against it."""
HALF = 0.5
"""The cap that `capped` is compared at where the venue has none of its own."""
_WEIGHT = 10**12


def cut_profits(state: State, closing: Closing) -> None:
    """Takes from winners what the round's closures left to them; what they do not have goes to the
    layers behind."""
    for number, owed in closing.left_to_winners.items():
        venue = state.venues[number]
        source, rule = venue.deleveraging, venue.adl_rule
        if source is None or rule is None:
            continue
        budget = sum(part for _, _, part in owed)
        winners = [w for w in source.winners() if w.account_id not in venue.funds]
        paid = policy_amounts(rule, budget, winners)
        left = _match(closing, number, venue, owed, winners, paid)
        for winner, amount in zip(winners, paid, strict=True):
            if amount:
                source.deleverage(winner.account_id, venue.name, amount)
        closing.to_accounts_e18 -= sum(paid)
        closing.to_absorbers_e18 += sum(paid)
        closing.transfers += sum(1 for amount in paid if amount)
        for node, asset, part in left:
            closing.charge_behind_winners(number, venue.name, node, asset, part)
        state.ledger.cuts.append(
            ProfitCut(venue.name, closing.round, rule, budget, tuple(winners), tuple(paid))
        )


def _match(
    closing: Closing,
    number: int,
    venue: Venue,
    owed: Sequence[tuple[str, str | None, int]],
    winners: Sequence[Winner],
    paid: Sequence[int],
) -> list[tuple[str, str | None, int]]:
    """Edges from those who owe to those who pay, both in their order; what nobody pays of it."""
    source = iter([(w.account_id, amount) for w, amount in zip(winners, paid, strict=True)])
    winner, room, left = "", 0, []
    for node, asset, part in owed:
        while part:
            while not room:
                found = next(source, None)
                if found is None:
                    break
                winner, room = found
            if not room:
                left.append((node, asset, part))
                break
            taken = min(part, room)
            target = account_node(venue.name, winner)
            edge = Edge(closing.round, node, Channel.ADL, "", target, taken)
            closing.winners.setdefault((number, winner), []).append(edge)
            part, room = part - taken, room - taken
    return left


def policy_amounts(rule: AdlRule, budget_e18: int, winners: Sequence[Winner]) -> list[int]:
    """What each winner pays of a budget, 18 decimals, by a policy's fractions.

    They sum to the budget, or to all that the policy may take. Nobody pays more than its profit (of
    `capped`: than the cap's share of it). Raises: ValueError for a policy that is none.
    """
    if not winners or not budget_e18:
        return [0] * len(winners)
    fractions = _fractions(rule, budget_e18 / WAD, winners)
    share = int(rule.cap * WAD) if rule.policy == "capped" else WAD
    most = [winner.profit_e18 * share // WAD for winner in winners]
    weights = [
        int(fraction * _WEIGHT) * winner.profit_e18
        for fraction, winner in zip(fractions.tolist(), winners, strict=True)
    ]
    if not any(weights):
        return [0] * len(winners)
    target = min(budget_e18, sum(most))
    parts = [min(p, m) for p, m in zip(apportion(target, weights), most, strict=True)]
    # What rounding put above somebody's bound goes to whoever has room, in order.
    short = target - sum(parts)
    for place, bound in enumerate(most):
        more = min(short, bound - parts[place])
        parts[place] += more
        short -= more
    return parts


def _fractions(rule: AdlRule, budget: float, winners: Sequence[Winner]) -> Floats:
    """The fractions of profits that a policy takes. Raises: ValueError for one that is none."""
    profits = [winner.profit_e18 / WAD for winner in winners]
    if rule.policy == "queue":
        return queue(budget, profits, [winner.gain * winner.leverage for winner in winners])
    if rule.policy == "pro-rata":
        return pro_rata(budget, profits)
    if rule.policy == "capped":
        return capped(budget, profits, [rule.cap] * len(winners))
    if rule.policy == "risk-aware":
        return risk_aware(budget, profits, [winner.leverage for winner in winners], lambda _: 1.0)
    raise ValueError(f"{rule.policy!r} is no policy: {', '.join(POLICIES)}")


@dataclass(frozen=True, slots=True)
class Compared:
    """What one policy would make of a deficit. paid_e18: by winner. uncovered_e18: what it leaves.
    moved_e18: what other winners pay than pro rata: half the sum of all differences."""

    rule: AdlRule
    paid_e18: tuple[int, ...]
    uncovered_e18: int
    moved_e18: int


def compared(cut: ProfitCut) -> list[Compared]:
    """Every policy on one deficit and the same winners, pro rata first."""
    cap = cut.rule.cap if cut.rule.policy == "capped" else HALF
    rules = [AdlRule(name, cap if name == "capped" else 1.0) for name in POLICIES]
    paid = [policy_amounts(rule, cut.budget_e18, cut.winners) for rule in rules]
    return [
        Compared(
            rule,
            tuple(amounts),
            cut.budget_e18 - sum(amounts),
            sum(abs(one - other) for one, other in zip(amounts, paid[0], strict=True)) // 2,
        )
        for rule, amounts in zip(rules, paid, strict=True)
    ]
