"""One scenario's cascade as a document: rounds, who pays, the paths, what would have cut it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from analyzer.contagion.cascade import LeaveOneOut
from analyzer.contagion.cascade.deleverage import Compared, compared
from analyzer.contagion.cascade.result import Party, ProfitCut
from analyzer.contagion.tell import (
    facts_of,
    firewall_sentence,
    names_of_unsettled,
    node_text,
    route_text,
    routes_of,
)
from analyzer.contagion.trace import Firewall, amplification, made_of
from analyzer.documents.contagion import (
    Absorbed,
    Amplification,
    ChannelLoss,
    Claims,
    ContagionDocument,
    ContagionRun,
    CutEdge,
    FirewallEntry,
    ImpairmentEntry,
    MarketEntry,
    PathEntry,
    PolicyEntry,
    ProfitCutEntry,
    Rescue,
    RoundEntry,
    RouteEntry,
    SensitivityEntry,
)
from analyzer.findings.assessed import Assessed
from analyzer.findings.markets import market_rows
from analyzer.market.depth.default import defaults
from analyzer.model.finding import Finding
from analyzer.runs.telling.findings import finding_entry
from analyzer.runs.telling.scenarios import scenario_entry

_CUTS_NAMED = 3
"""How many places of a firewall its sentence names."""


def contagion_document(
    run: ContagionRun,
    one: Assessed,
    findings: Sequence[Finding],
    *,
    firewall: Firewall,
    saved: LeaveOneOut | None,
    claims: Claims | None = None,
    impairment: ImpairmentEntry | None = None,
) -> ContagionDocument:
    """The document of `analyzer contagion`.

    firewall: the cheapest cut. saved: what rescuing single accounts would have saved, None = it
    was not asked. claims: what the deployments are owed by each other. impairment: who bears it.
    """
    result = one.result
    made = made_of(result.edges, result.failures.keys())
    routes, names = routes_of(one.paths), _names(one)
    scenario = scenario_entry(one)
    return ContagionDocument(
        run=run,
        scenario=scenario,
        rounds=tuple(_round(one, number) for number in range(len(result.rounds))),
        absorbed=tuple(
            Absorbed(node, one.venue_of_node(node), amount, names.get(node, ""))
            for node, amount in sorted(result.absorbed.items(), key=lambda item: -item[1])
        ),
        failed=len(result.failures),
        losses_by_channel=tuple(
            ChannelLoss(str(channel), asset, amount)
            for (channel, asset), amount in made.by_channel.items()
        ),
        amplification=_amplification(one),
        paths=tuple(_paths(one)),
        routes=tuple(
            RouteEntry(route_text(r, names), r.amount_e18, r.paths, r.spreads)
            for r in routes.routes
        ),
        routes_rest_e18=routes.rest_e18,
        firewall=_firewall(one, firewall),
        what_if=() if saved is None else tuple(_what_if(saved)),
        orders=() if scenario.order_range is None else scenario.order_range.ran,
        claims=claims,
        exhausted=tuple(result.exhausted),
        markets=tuple(MarketEntry(**asdict(row), price_before=1.0) for row in market_rows(one)),
        sensitivity=_sensitivity(one),
        withdrawn_e18=dict(result.withdrawn_e18),
        findings=tuple(map(finding_entry, findings)),
        profit_cuts=tuple(map(_profit_cut, result.cuts)),
        impairment=impairment,
    )


def _profit_cut(cut: ProfitCut) -> ProfitCutEntry:
    """What winners paid in a round, and what each policy would have made of it."""
    return ProfitCutEntry(
        deployment=cut.venue,
        round=cut.round,
        policy=cut.rule.policy,
        budget_e18=cut.budget_e18,
        paid_e18=sum(cut.paid_e18),
        winners=len(cut.winners),
        policies=tuple(_policy(cut, found) for found in compared(cut)),
    )


def _policy(cut: ProfitCut, found: Compared) -> PolicyEntry:
    """One policy on a deficit."""
    paying = zip(cut.winners, found.paid_e18, strict=True)
    named = [(amount, winner.account_id) for winner, amount in paying if amount]
    most, who = max(named, key=lambda pair: pair[0], default=(0, None))
    return PolicyEntry(
        policy=found.rule.policy,
        cap=found.rule.cap,
        payers=len(named),
        paid_e18=sum(found.paid_e18),
        uncovered_e18=found.uncovered_e18,
        largest=who,
        largest_e18=most,
        moved_e18=found.moved_e18,
    )


def _sensitivity(one: Assessed) -> SensitivityEntry | None:
    """Bad debt by depth."""
    if one.sensitivity is None:
        return None
    return SensitivityEntry(
        bad_debt_half_depth_e18=one.sensitivity.half_depth_e18,
        bad_debt_e18=one.result.total_bad_debt_market_e18,
        bad_debt_double_depth_e18=one.sensitivity.double_depth_e18,
        default_depth=defaults().validation.sentence,
    )


def _round(one: Assessed, number: int) -> RoundEntry:
    """One round."""
    found = one.result.rounds[number]
    return RoundEntry(
        round=found.number,
        step=found.step,
        closed_accounts=len({(c.venue, c.account_id) for c in found.closed}),
        closures=len(found.closed),
        closed_value_e18=sum(c.executed.closure.value_e18 for c in found.closed),
        bad_debt_e18=found.bad_debt_e18,
        sold_e18=dict(sorted(found.sold_e18.items())),
        price_before={f: float(p) for f, p in sorted(found.price_before.items())},
        price_after={f: float(p) for f, p in sorted(found.price_after.items())},
        ledger_e18={party.value: found.ledger[party] for party in Party},
        ledger_closes=found.closes,
    )


def _amplification(one: Assessed) -> Amplification:
    """By how much the cascade adds to the shock."""
    result = one.result
    losses = amplification(result.edges, result.failures.keys())
    moved = {f: a for f in result.shock if (a := result.amplification(f)) is not None}
    return Amplification(
        losses=None if losses is None else float(losses),
        prices={factor: float(value) for factor, value in sorted(moved.items())},
    )


def _paths(one: Assessed) -> list[PathEntry]:
    """The paths with their sentences, the largest first."""
    told = zip(one.paths.paths, one.sentences, strict=True)
    return [
        PathEntry(
            rank=rank,
            path_id=path.path_id,
            amount_e18=path.amount_e18,
            share_of_loss=_share(one, path.victim, path.amount_e18),
            victim=path.victim,
            spreads=path.spreads,
            words=sentence,
        )
        for rank, (path, sentence) in enumerate(told, 1)
    ]


def _share(one: Assessed, victim: str, amount_e18: int) -> float | None:
    """A path's part of what its victim lost before its gains."""
    for found in one.paths.victims:
        if found.victim == victim:
            return found.share(amount_e18)
    return None


def _names(one: Assessed) -> dict[str, str]:
    """What losses that nobody has been charged with are called."""
    return names_of_unsettled({name: venue.bearers for name, venue in one.venues.items()})


def _firewall(one: Assessed, found: Firewall) -> FirewallEntry:
    """The cheapest cut."""
    return FirewallEntry(
        words=firewall_sentence(found, facts_of(one.result, _names(one)), most=_CUTS_NAMED),
        amount_e18=found.amount_e18,
        protected_e18=found.protected_e18,
        cut=tuple(
            CutEdge(e.round, e.from_node, str(e.channel), e.asset, e.to_node, e.amount_e18)
            for e in found.cut
        ),
    )


def _what_if(saved: LeaveOneOut) -> list[Rescue]:
    """What rescuing each account alone would have saved, the most first."""
    return [
        Rescue(account, node_text(account), saved.without[account], amount)
        for account, amount in sorted(saved.saved.items(), key=lambda item: (-item[1], item[0]))
    ]
