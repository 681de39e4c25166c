"""What a run's findings say to the shell: the severity that counts, and the exit code."""

from __future__ import annotations

from collections.abc import Container, Sequence

from analyzer.findings.proof import doubts
from analyzer.model.errors import ExitCode, InputError, worst_exit
from analyzer.model.finding import Severity
from analyzer.solvency.result import ScanResult

NEVER = "never"


def parse_fail_on(text: str) -> Severity | None:
    """The severity from which on findings change the exit code; None for `never`.

    Raises: InputError listing what there is.
    """
    if text == NEVER:
        return None
    for severity in Severity:
        if severity.label == text:
            return severity
    known = ", ".join([*(severity.label for severity in Severity), NEVER])
    raise InputError(f"'{text}' is no severity: choose one of {known}")


def exit_code(
    results: Sequence[ScanResult], fail_on: Severity | None, accepted: Container[str] = ()
) -> ExitCode:
    """What the results say to the shell: divergence 4, not proven 3, findings 1, clean 0.

    Not proven is whatever the answer has a caveat for (`findings.proof.doubts`).

    accepted: fingerprints of findings that do not count. They hide no divergence and nothing that
    was not read.
    """
    codes = [ExitCode.CLEAN]
    for result in results:
        proofs = result.proofs
        if result.mismatches or (proofs is not None and proofs.certificate.contradictions):
            codes.append(ExitCode.DIVERGENCE)
        if doubts(result):
            codes.append(ExitCode.NOT_FULLY_READ)
        if fail_on is not None and any(
            f.severity >= fail_on and f.fingerprint not in accepted for f in result.findings
        ):
            codes.append(ExitCode.FINDINGS)
    return worst_exit(*codes)
