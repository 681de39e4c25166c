"""What a detector of scenarios is: it sees one cascade, and its findings name the scenario."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping

from analyzer.findings.assessed import Assessed
from analyzer.findings.detector import Described
from analyzer.model.finding import Finding, Severity
from analyzer.model.identity import fingerprint

SCENARIO = "scenario"
"""The entry of the evidence that names the scenario of a finding."""


class ScenarioDetector(Described):
    """One kind of finding in a scenario's cascade, with the metadata of a `Detector`."""

    about = "scenario"
    adds_accounts = True

    @abstractmethod
    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """The findings of this kind in a cascade; reads it only."""

    def finding(
        self,
        assessed: Assessed,
        venue: str,
        *,
        title: str,
        about: str = "",
        account_id: str | None = None,
        amounts: Mapping[str, int | None] | None = None,
        evidence: Mapping[str, str] | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding about the deployment `venue` under the scenario.

        about: which of several (a factor, a layer). The fingerprint is made of detector, chain,
        deployment, account, `about` and the scenario's name: no amount, no price, no block. Two
        scenarios of one name are the same to it. Amounts that are None are left out.
        """
        found, scenario = assessed.venues[venue], assessed.scenario
        market = f"{about} under {scenario.name}" if about else f"under {scenario.name}"
        return Finding(
            fingerprint=fingerprint(self.id, found.chain_id, found.deployment, account_id, market),
            detector=self.id,
            severity=self.severity if severity is None else severity,
            scan_id=found.scan_id,
            account_id=account_id,
            market=market,
            title=title,
            amounts={k: v for k, v in (amounts or {}).items() if v is not None},
            evidence={
                "block": found.block,
                SCENARIO: scenario.name,
                "cascade": assessed.cascade_id,
                "what happens": scenario.title,
                **(evidence or {}),
            },
        )
