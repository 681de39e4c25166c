"""Paths and firewalls in plain words.

    1.3 k of the 5.1 k that account C (perp) lost: the shock to X hit account B (perp); account B,
    liquidated for 20.0 k of X, moved X by -6.7 %, which put account C (perp) under.

For people, rounded; whatever a program reads is in the rows. Amounts are in the common unit of
account (US dollars). An account is `put under` by what happened in the round before its first
closing, and `hit` by what happened earlier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from analyzer.contagion.trace import Channel, Edge, Firewall, NodeKind, Path, kind_of, parts_of
from analyzer.contagion.trace.edges import LOOKED_THROUGH, move_node, unsettled_node
from analyzer.contagion.trace.paths import Step, VictimPaths
from analyzer.model.integers import WAD

if TYPE_CHECKING:
    from analyzer.contagion.cascade import CascadeResult

_UNITS = ((10**3, "k"), (10**6, "M"), (10**9, "B"))
_BY_THE_FAILED = (Channel.PRICE, Channel.DEFICIT, Channel.ADL)
NOBODY = "nobody yet"
ADDRESS_LENGTH = 42
"""Of an address as text: those are shortened."""
LEAST_PERCENT = 0.01
"""A smaller change is said to be smaller."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened in the rounds, as far as words need it.

    sales_e18: node of a price move -> account node -> what was sold of it by force at the block's
    prices (negative = bought), 18 decimals. prices: (factor, round) -> its price before and after
    the round, as shares of the block's. closed: account node -> round of its first closing; an
    account that is not in it was never closed. names: node -> what people call it.
    """

    sales_e18: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    prices: Mapping[tuple[str, int], tuple[Fraction, Fraction]] = field(default_factory=dict)
    closed: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def facts_of(result: CascadeResult, names: Mapping[str, str] | None = None) -> Facts:
    """The facts of a cascade. names: node -> what people call it."""
    return Facts(
        sales_e18=result.sales,
        prices={
            (factor, round_.number): (before, round_.price_after[factor])
            for round_ in result.rounds
            for factor, before in round_.price_before.items()
        },
        closed={
            node: failure.round
            for node, failure in result.failures.items()
            if failure.round is not None
        },
        names=names or {},
    )


def path_sentence(path: Path, facts: Facts, victim: VictimPaths | None = None) -> str:
    """One path as a sentence: how much it brought, and what happened along it.

    victim: the victim that it ends in, for all that it lost before its gains.
    """
    name = node_text(path.victim, facts.names)
    amount = money_text(path.amount_e18)
    of = f"of the {money_text(victim.whole_e18)} that" if victim else "that"
    failed = victim.failed if victim else path.victim in facts.closed
    if kind_of(path.victim) is NodeKind.UNSETTLED:
        head = f"{amount} {of} nobody has been charged with{name.removeprefix(NOBODY)}"
    else:
        head = f"{amount} {of} {name} {'lost' if failed else 'paid'}"
    if victim and victim.offset_e18 < 0:
        head += f" before gains of {money_text(-victim.offset_e18)}"
    clauses = []
    for number, step in enumerate(path.steps):
        # Whoever the clause before ended with needs no venue again.
        again = bool(number) and path.steps[number - 1].to_node == step.from_node
        clauses.append(_clause(step, facts, again and step.channel in _BY_THE_FAILED))
    return f"{head}: {'; '.join(clauses)}."


def names_of_unsettled(bearers: Mapping[str, str]) -> dict[str, str]:
    """What the node of losses that nobody has been charged with is called. bearers: venue -> who
    will bear them in the end, empty where its rules name nobody."""
    return {
        unsettled_node(venue): f"{NOBODY} ({venue}; in the end {who})"
        for venue, who in bearers.items()
        if who
    }


def firewall_sentence(firewall: Firewall, facts: Facts, most: int = 5) -> str:
    """The cheapest firewall as a sentence; at most `most` of its edges by name."""
    if not firewall.cut:
        return "Nothing that others paid came from failures that spread: there is nothing to cut."
    named = [_cut(edge, facts) for edge in firewall.cut[:most]]
    others = firewall.cut[most:]
    if others:
        left = money_text(sum(edge.amount_e18 for edge in others))
        named.append(f"{len(others)} more ({left})")
    return (
        f"{money_text(firewall.protected_e18)} of what others paid was left by accounts that other"
        f" failures had reached, however little; bearing {money_text(firewall.amount_e18)}"
        f" elsewhere would have cut every such way: {'; '.join(named)}."
    )


def node_text(node: str, names: Mapping[str, str] | None = None, *, venue: bool = True) -> str:
    """What a node is called: its name in `names`, else made of its parts, addresses shortened.

    venue: whether an account or fund is told with its venue. Raises: ValueError for text that is
    no node.
    """
    kind, parts = kind_of(node), parts_of(node)
    if names and node in names:
        return names[node]
    where = f" ({parts[0]})" if venue and parts else ""
    match kind:
        case NodeKind.ACCOUNT:
            return f"account {short_text(parts[1])}{where}"
        case NodeKind.FUND:
            return f"{parts[1]}{where}"
        case NodeKind.MOVE:
            return f"the move of {parts[0]} in round {parts[1]}"
        case NodeKind.RECEIPT:
            return f"the repricing of {short_text(parts[1])} ({parts[0]}) in round {parts[2]}"
        case NodeKind.UNSETTLED:
            return f"{NOBODY} ({parts[0]})"
        case NodeKind.VENUE | NodeKind.OTHERS:
            return parts[0]
        case _:
            return f"the {kind}"


def money_text(amount_e18: int) -> str:
    """An amount for people: `4.1 M`, `450`, `0.32`, `<0.01`; rounded half away from zero."""
    sign, size = "-" if amount_e18 < 0 else "", abs(amount_e18)
    cents = (size * 100 + WAD // 2) // WAD
    if cents == 0 and size:
        return f"{'>-' if sign else '<'}0.01"
    whole, rest = divmod(cents, 100)
    text = f"{whole}.{rest:02d}" if rest else f"{whole}"
    for unit, letter in _UNITS:
        # The next unit from where the smaller one would read as a thousand.
        if whole < 1000:
            break
        tenths = (size * 10 + unit * WAD // 2) // (unit * WAD)
        whole, rest = divmod(tenths, 10)
        text = f"{whole:,}.{rest} {letter}"
    return sign + text


def change_text(change: Fraction) -> str:
    """A relative change for people, with its sign: `-1.8 %`, `+0.25 %`, `0 %`."""
    if not change:
        return "0 %"
    percent = float(change * 100)
    if abs(percent) < LEAST_PERCENT:
        return f"{'+' if percent > 0 else '-'}<{LEAST_PERCENT} %"
    return f"{percent:+.1f} %" if abs(percent) >= 1 else f"{percent:+.2f} %"


def _clause(step: Step, facts: Facts, again: bool) -> str:
    """What happened in one step; `again`: the clause before has just named who did it."""
    source = node_text(step.from_node, facts.names, venue=not again)
    target = node_text(step.to_node, facts.names)
    asset = short_text(step.asset)
    match step.channel:
        case Channel.EXOGENOUS:
            return f"the shock to {asset} {_effect(step, facts)}"
        case Channel.PAST:
            return f"{target} was short before the shock"
        case Channel.PRICE:
            return f"{_sale(source, step, facts)}, which {_effect(step, facts)}"
        case Channel.RECEIPT:
            return (
                f"the loss of {source} lowered what {asset} is worth, which {_effect(step, facts)}"
            )
        case Channel.DEFICIT:
            return f"{source} could not pay all that it owed"
        case Channel.ADL:
            cut = f"what {source} could not pay was cut from the profit of {target}"
            return f"{cut}, which {_effect(step, facts)}" if step.to_node in facts.closed else cut
        case Channel.HAIRCUT:
            return f"{source} shared its loss with {target}"
        case _:
            return f"{source} did not pay {target} in full"


def _sale(source: str, step: Step, facts: Facts) -> str:
    """Who sold what by force, and what that did to its price."""
    sales = facts.sales_e18.get(move_node(step.asset, step.round), {})
    own = sales.get(step.from_node, 0)
    if own > 0:
        source += f", liquidated for {money_text(own)} of {step.asset},"
    elif own < 0:
        source += f", whose short of {money_text(-own)} of {step.asset} was bought back,"
    text = f"{source} moved {step.asset}"
    if (step.asset, step.round) in facts.prices:
        before, after = facts.prices[step.asset, step.round]
        text += f" by {change_text(after / before - 1)}"
    others = sum(1 for node, value in sales.items() if node != step.from_node and value * own > 0)
    if others:
        text += f" together with {others} {'other' if others == 1 else 'others'}"
    return text


def _effect(step: Step, facts: Facts) -> str:
    """What a step did to the node that it goes to."""
    target = node_text(step.to_node, facts.names)
    if kind_of(step.to_node) is not NodeKind.ACCOUNT:
        return f"cost {target}"
    if facts.closed.get(step.to_node) == step.round + 1:
        return f"put {target} under"
    return f"hit {target}"


def _cut(edge: Edge, facts: Facts) -> str:
    """One edge of a firewall."""
    source, target = (node_text(node, facts.names) for node in (edge.from_node, edge.to_node))
    asset, money = short_text(edge.asset), money_text(edge.amount_e18)
    if kind_of(edge.to_node) in LOOKED_THROUGH:
        what = "the closing of" if edge.channel == Channel.PRICE else "the loss of"
        return f"{what} {source} as it goes into {target} ({money})"
    if edge.channel == Channel.DEFICIT:
        return f"what {source} could not pay and {target} bore ({money})"
    if edge.channel == Channel.ADL:
        return f"what {source} could not pay and was cut from the profit of {target} ({money})"
    if kind_of(edge.from_node) in LOOKED_THROUGH:
        return f"what {source} cost {target} ({money})"
    return f"what came from {source} to {target}{f' by {asset}' if asset else ''} ({money})"


def short_text(text: str) -> str:
    """An address as its ends; anything else as it is."""
    if text.startswith("0x") and len(text) == ADDRESS_LENGTH:
        return f"{text[:6]}…{text[-4:]}"
    return text
