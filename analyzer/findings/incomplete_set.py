"""Sets of accounts that nothing proves to be whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.model.rows import TotalRow
from analyzer.solvency.result import ScanResult
from analyzer.solvency.whole import Lack, Shortage, shortages

TITLES: Mapping[Lack, str] = {
    Lack.NO_ACCOUNT: "No account, and the chain does not say so",
    Lack.NOTHING_NAMED: "Nothing to hold the logs against",
    Lack.SMALLER: "The logs give less than the chain says there is",
    Lack.NOT_COMPARED: "Control totals were not compared",
}
TOTALS_SHOWN = 20
"""How many control totals the evidence lists; the table `totals` has all of them."""


class IncompleteSet(Detector):
    """One finding a reason for which the set of accounts is not proven whole."""

    id = "incomplete-set"
    title = "Accounts not proven whole"
    severity = Severity.HIGH
    about = "reason"
    measures = ("totals_count",)
    proves = (
        "What the logs gave was held against the lists, counts and supplies that the chain has at "
        "this block, and does not fill them, or could not be held against them at all: accounts, "
        "reserves or markets may be missing, however calm the others look."
    )
    does_not_prove = (
        "That anything is missing: a total that was not read says nothing in either direction. "
        "Nor who is to blame: a node without its old logs, a first block that is too late, or a "
        "recording that was made before these reads existed."
    )
    remedy = (
        "Index again with a node that keeps all logs, from the block in which the contracts were "
        "created; a recording that lacks the reads has to be made anew. Until then nothing here "
        "is called solvent, and the exit code is 3."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """The shortages of the set; `market` is the kind of shortage."""
        for shortage in shortages(result):
            yield self.finding(
                result,
                title=TITLES[shortage.lack],
                market=shortage.lack.value,
                amounts={"totals_count": len(shortage.totals)},
                evidence={"because": shortage.text, **_listed(shortage)},
            )


def _listed(shortage: Shortage) -> dict[str, str]:
    """Total -> both sides of it, the first ones."""
    return {total.name: _sides(total) for total in shortage.totals[:TOTALS_SHOWN]}


def _sides(total: TotalRow) -> str:
    """What was rebuilt and what the chain has."""
    rebuilt = "not known" if total.rebuilt is None else str(total.rebuilt)
    on_chain = "not read" if total.on_chain is None else str(total.on_chain)
    return f"{rebuilt} rebuilt, {on_chain} on the chain ({total.unit}; {total.identity})"
