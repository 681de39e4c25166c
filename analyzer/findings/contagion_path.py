"""Losses that one account's liquidation passed on to another."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.contagion.tell import node_text
from analyzer.contagion.trace import NodeKind, kind_of, parts_of
from analyzer.findings.assessed import Assessed
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.model.finding import Finding, Severity
from analyzer.model.integers import WAD

SMALLEST_E18 = 10_000 * WAD
"""Paths that carry less are no finding, in 18 decimals of the common unit (US dollars)."""


class ContagionPath(ScenarioDetector):
    """One finding a victim and scenario: what others' liquidations passed on to it."""

    id = "contagion-path"
    title = "Contagion path"
    severity = Severity.MEDIUM
    measures = ("passed_on_e18", "loss_e18")
    proves = (
        "In the scenario's cascade, losses of at least 10,000 reached this account or layer "
        "through the liquidation of other accounts: their forced sales moved prices, or what they "
        "lacked was charged to it. The amounts of all paths to a victim, what is in no listed path "
        "and its own gains sum to its loss, exactly."
    )
    does_not_prove = (
        "That the victim would have been spared without the first account: attribution says where "
        "the money went, a counterfactual what would have happened otherwise. Both depend on the "
        "stated depth."
    )
    remedy = (
        "Look at the path in `analyzer contagion --scenario NAME`: it names the account that began "
        "it, the price it moved and who is next; limit the first or deepen the market between."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Victims of listed paths that lead through another account and are large enough."""
        told = {p.path_id: w for p, w in zip(assessed.paths.paths, assessed.sentences, strict=True)}
        for victim in assessed.paths.victims:
            passed_on = [path for path in victim.paths if path.spreads]
            amount = sum(path.amount_e18 for path in passed_on)
            venue = assessed.venue_of_node(victim.victim)
            if amount < SMALLEST_E18 or venue is None or venue not in assessed.venues:
                continue
            is_account = kind_of(victim.victim) is NodeKind.ACCOUNT
            yield self.finding(
                assessed,
                venue,
                title=f"Liquidations of others passed losses on to {node_text(victim.victim)}",
                account_id=parts_of(victim.victim)[1] if is_account else None,
                about="" if is_account else victim.victim,
                amounts={
                    "passed_on_e18": amount,
                    "largest_path_e18": passed_on[0].amount_e18,
                    "loss_e18": victim.loss_e18,
                    "paths_count": len(passed_on),
                },
                evidence={
                    "largest path": told[passed_on[0].path_id],
                    "path": passed_on[0].path_id,
                },
            )
