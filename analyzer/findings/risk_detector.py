"""What a detector of a risk profile is: it sees what a price history says of a deployment."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analyzer.findings.detector import Described
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.finding import Finding
from analyzer.model.identity import fingerprint


@dataclass(frozen=True, slots=True)
class Changed:
    """Two held factors whose correlation changed. p_value: corrected for what was tried."""

    first: str
    second: str
    at: datetime
    before: float
    after: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Profiled:
    """A deployment's profile. history: which prices, in words. changes: the latest first."""

    scan_id: str
    deployment: Deployment
    block: BlockRef
    history: str
    changes: Sequence[Changed]


class RiskDetector(Described):
    """One kind of finding in a profile, with the metadata of a `Detector`."""

    @abstractmethod
    def detect(self, profiled: Profiled) -> Iterable[Finding]:
        """The findings of this kind; reads it only."""

    def finding(
        self, profiled: Profiled, *, about: str, title: str, evidence: Mapping[str, str]
    ) -> Finding:
        """A finding about the deployment. about: which of several; no date and no level is part of
        its fingerprint."""
        chain, name = profiled.deployment.chain_id, profiled.deployment.name
        return Finding(
            fingerprint=fingerprint(self.id, chain, name, None, about),
            detector=self.id,
            severity=self.severity,
            scan_id=profiled.scan_id,
            account_id=None,
            market=about,
            title=title,
            amounts={},
            evidence={
                "block": f"{profiled.block.number} ({profiled.block.hash})",
                "history": profiled.history,
                **evidence,
            },
        )
