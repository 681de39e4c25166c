"""What a run-level detector is: it sees all scans of a run, and finds what no one of them shows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from analyzer.findings.detector import Described
from analyzer.model.finding import Finding
from analyzer.model.identity import fingerprint, joint_name
from analyzer.solvency.result import ScanResult


class RunDetector(Described):
    """One kind of finding across the scans of a run, with the metadata of a `Detector`."""

    @abstractmethod
    def detect(self, results: Sequence[ScanResult]) -> Iterable[Finding]:
        """The findings of this kind in the scans of a run; reads them only, asks no node."""

    def finding(
        self,
        results: Sequence[ScanResult],
        *,
        owner: str,
        title: str,
        amounts: Mapping[str, int],
        evidence: Mapping[str, str],
    ) -> Finding:
        """A finding about what `owner` has in `results`, all of one chain and block.

        It stands with the first of these scans (deployments by name), and its fingerprint names
        all of them, so that neither changes with the order of the options.
        """
        ordered = sorted(results, key=lambda result: result.deployment.name)
        names = joint_name(result.deployment.name for result in ordered)
        first = ordered[0]
        return Finding(
            fingerprint=fingerprint(self.id, first.deployment.chain_id, names, owner, None),
            detector=self.id,
            severity=self.severity,
            scan_id=first.scan_id,
            account_id=owner,
            market=None,
            title=title,
            amounts=amounts,
            evidence={
                "block": f"{first.block.number} ({first.block.hash})",
                "deployments": ", ".join(result.deployment.name for result in ordered),
                **evidence,
            },
        )
