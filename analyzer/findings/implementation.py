"""Code whose rules we do not know."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.model.rows import FEED_ROLE, CodeStatus, ImplementationRow
from analyzer.solvency.result import ScanResult

_SAID = {
    CodeStatus.UNKNOWN: ("The implementation of {} is not known", Severity.MEDIUM),
    CodeStatus.NO_CODE: ("There is no code behind {}", Severity.HIGH),
    CodeStatus.CHANGED: ("The implementation of {} changed without an event", Severity.HIGH),
}
"""Status -> title and severity. What was not recorded is in the table of implementations only: it
says nothing of the contract."""
_NAMED = 20


class UnknownImplementation(Detector):
    """One finding a contract whose code is not one that the rules were written for; one for all
    price feeds whose code is only unknown."""

    id = "unknown-implementation"
    title = "Unknown implementation"
    severity = Severity.MEDIUM
    about = "contract"
    cause_in = ("cause",)
    proves = (
        "The code behind the contract at this block has a hash that is not among those whose "
        "rules this adapter implements, is not there at all, or is not the code that the proxy's "
        "last Upgraded log names."
    )
    does_not_prove = (
        "That its rules differ: a rebuild with other compiler settings or other addresses in it "
        "has another hash too. The comparison with the contract's views says whether the numbers "
        "agree; unless all of them were compared and are equal, nothing counts as verified. The "
        "code of a price feed decides no rule: its answers are taken as the protocol takes them."
    )
    remedy = (
        "Scan with --verify all. If every view agrees, record the code hash as known; if not, "
        "the adapter needs the new rules before its results mean anything."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Contracts whose implementation is unknown, gone or changed; `market` is the role."""
        feeds = []
        for row in result.details.implementations:
            if row.is_feed and row.status == CodeStatus.UNKNOWN:
                feeds.append(row)
            elif row.status in _SAID:
                words, severity = _SAID[CodeStatus(row.status)]
                yield self.finding(
                    result,
                    title=words.format(row.role),
                    market=row.role,
                    evidence={
                        "contract": row.address,
                        "implementation": row.implementation or "no proxy",
                        "code hash": row.code_hash or "not read",
                        "note": row.note or "none",
                        "cause": f"{row.status}: {row.code_hash or 'not read'}",
                    },
                    severity=severity,
                )
        if feeds:
            yield self._feeds(result, feeds)

    def _feeds(self, result: ScanResult, feeds: list[ImplementationRow]) -> Finding:
        """Price feeds of unknown code, as one."""
        return self.finding(
            result,
            title="The code of price feeds is not known",
            market=FEED_ROLE,
            amounts={"feeds_count": len(feeds)},
            evidence={row.role: f"{row.address} {row.code_hash}" for row in feeds[:_NAMED]},
            severity=Severity.LOW,
        )
