"""Where findings are, as SARIF's logical locations: deployment, contract, account, market.

eip155:10/perp-v2-optimism
eip155:10/perp-v2-optimism/account/0x70997970C51812dc3A010C7d01b50e0d17dc79C8
eip155:10/perp-v2-optimism/market/0x86f1e0420c26a858fc203A3645dD1A36868F18e5
eip155:10/perp-v2-optimism/contract/vault
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.documents.findings import FindingEntry
from analyzer.documents.scan import ScanPlace
from analyzer.findings import detector_of
from analyzer.findings.divergence import ContractDivergence

Place = dict[str, Any]


class Places:
    """The logical locations of a run, each listed once."""

    def __init__(self, scans: Sequence[ScanPlace]) -> None:
        """Lists every deployment and its contracts. scans: of the document."""
        self.listed: list[Place] = []
        self._index: dict[str, int] = {}
        for scan in scans:
            self._deployment(scan)
            for role, address in scan.contracts.items():
                self._contract(scan, role, address)

    def of(self, finding: FindingEntry, scan: ScanPlace) -> list[Place]:
        """Where a finding of a scan is: its account, what its market names, the contracts it speaks
        of; the deployment where it is about all of it."""
        detector = detector_of(finding.detector)
        kind = "market" if detector is None else detector.about
        out = []
        if finding.account_id is not None:
            out.append(self._below(scan, "account", finding.account_id))
        if finding.market is not None and kind == "contract":
            address = finding.evidence.get("contract")
            out.append(self._contract(scan, finding.market, address))
        elif finding.market is not None:
            out.append(self._below(scan, kind, finding.market))
        if finding.detector == ContractDivergence.id:
            # Its evidence is named `Contract.field`, beside the block.
            names = {name.partition(".")[0] for name in finding.evidence if "." in name}
            out += [self._contract(scan, name, None) for name in sorted(names)]
        return out or [self._deployment(scan)]

    def _deployment(self, scan: ScanPlace) -> Place:
        return self._place(_root(scan), scan.deployment, "deployment")

    def _contract(self, scan: ScanPlace, role: str, address: str | None) -> Place:
        known = address or scan.contracts.get(role)
        more = {"properties": {"address": known}} if known else {}
        return self._below(scan, "contract", role, more)

    def _below(
        self, scan: ScanPlace, kind: str, name: str, more: Mapping[str, Any] | None = None
    ) -> Place:
        parent = self._deployment(scan)["index"]
        path = f"{_root(scan)}/{kind.replace(' ', '-')}/{name}"
        return self._place(path, name, kind, {"parentIndex": parent, **(more or {})})

    def _place(
        self, path: str, name: str, kind: str, more: Mapping[str, Any] | None = None
    ) -> Place:
        """The place as a result names it; listed on first use."""
        if path not in self._index:
            self._index[path] = len(self.listed)
            self.listed.append(
                {"name": name, "fullyQualifiedName": path, "kind": kind, **(more or {})}
            )
        return {"index": self._index[path], "fullyQualifiedName": path, "name": name, "kind": kind}


def _root(scan: ScanPlace) -> str:
    return f"eip155:{scan.chain_id}/{scan.deployment}"
