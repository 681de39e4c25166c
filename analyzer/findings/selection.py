"""Which detectors look, and from which size on what they find is told.

A threshold is about a detector's main measure (the first of `Described.measures`), in its unit:
whole units of the currency for `_e18`, a count or a raw amount else. A finding whose main measure
is not known is always told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from analyzer.findings.control_total import ControlTotalOff
from analyzer.findings.detector import Described
from analyzer.findings.divergence import ContractDivergence
from analyzer.findings.incomplete_set import IncompleteSet
from analyzer.findings.registry import ALL_DETECTORS, detector_of
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError
from analyzer.model.finding import Finding
from analyzer.model.selection import Selection
from analyzer.solvency.result import ScanResult

ALWAYS = frozenset({ContractDivergence.id, ControlTotalOff.id, IncompleteSet.id})
"""Detectors that say whether a scan can be believed at all: none of them can be left out."""

_AMOUNT = re.compile(r"(\d{1,30})(?:\.(\d{1,18}))?")
_E18_DECIMALS = 18


def select(
    detect: Sequence[str] = (), exclude: Sequence[str] = (), least: Mapping[str, str] | None = None
) -> Selection:
    """The selection of these options. detect: only these look, beside those of `ALWAYS` (none = all
    do); exclude: these do not; least: detector -> amount as a user writes it.

    Raises: InputError for a detector that there is not, one that cannot be left out, one without a
    measure, and an amount that is none.
    """
    for name in (*detect, *exclude, *(least or {})):
        _detector(name)
    for name in exclude:
        if name in ALWAYS:
            raise InputError(
                f"detector {name} says whether the scan can be believed: it cannot be excluded"
            )
    wanted = {*detect, *ALWAYS} if detect else {detector.id for detector in ALL_DETECTORS}
    off = frozenset(d.id for d in ALL_DETECTORS if d.id not in wanted or d.id in exclude)
    return Selection(off, {k: _amount(k, v) for k, v in sorted((least or {}).items())})


def why_untold(selection: Selection, finding: Finding) -> str:
    """Why a run with this selection would not have told a finding; empty = it would have."""
    if finding.detector in selection.off:
        return f"detector {finding.detector} was left out"
    least = selection.least.get(finding.detector)
    size = _size(finding)
    if least is None or size is None or size >= least:
        return ""
    return f"less than {amount_text(finding.detector, least)} is not told"


def told(selection: Selection, findings: Iterable[Finding]) -> list[Finding]:
    """The findings that a run with this selection tells, in their order."""
    return [finding for finding in findings if not why_untold(selection, finding)]


def keep_selected(results: Sequence[ScanResult], selection: Selection) -> None:
    """Notes the selection in the results of a run, and keeps only the findings that it tells."""
    for result in results:
        result.selection = selection
        result.findings = told(selection, result.findings)


def below_threshold(selection: Selection, detector: str) -> str:
    """What a finding that is gone may still be, where small ones are not told; empty = nothing."""
    least = selection.least.get(detector)
    return "" if least is None else f"or less than {amount_text(detector, least)} by now"


def selection_words(selection: Selection) -> list[str]:
    """What a selection leaves out, a few words each; empty = nothing."""
    words = [f"detectors left out: {', '.join(sorted(selection.off))}"]
    small = [f"{d} below {amount_text(d, least)}" for d, least in selection.least.items()]
    return [*(words if selection.off else []), *small]


def amount_text(detector: str, least: int) -> str:
    """A threshold as a user writes it, with the name of what it measures."""
    found = detector_of(detector)
    measure = found.measures[0] if found is not None and found.measures else ""
    label = measure.removesuffix("_e18").replace("_", " ")
    if not measure.endswith("_e18"):
        return f"{least:,} {label}".rstrip()
    whole, fraction = divmod(least, 10**_E18_DECIMALS)
    decimals = f"{fraction:018d}".rstrip("0")
    return f"{whole:,}{'.' if decimals else ''}{decimals} {label}"


def _detector(name: str) -> type[Described]:
    """The detector of that id. Raises: InputError that proposes one."""
    found = detector_of(name)
    if found is None:
        close = did_you_mean(name, (detector.id for detector in ALL_DETECTORS))
        raise InputError(
            f"there is no detector '{name}'{close}: `analyzer detectors list` lists them"
        )
    return found


def _amount(name: str, text: str) -> int:
    """An amount in the unit of a detector's main measure. Raises: InputError."""
    found = _detector(name)
    if name in ALWAYS:
        raise InputError(
            f"detector {name} says whether the scan can be believed: it has no threshold"
        )
    if not found.measures:
        raise InputError(f"detector {name} measures nothing: it has no threshold")
    match = _AMOUNT.fullmatch(text)
    is_money = found.measures[0].endswith("_e18")
    if match is None or (match[2] and not is_money):
        unit = "an amount such as 100 or 0.5" if is_money else "a whole number"
        raise InputError(f"the threshold of {name} has to be {unit}, it is {text[:40]!r}")
    scale = 10**_E18_DECIMALS if is_money else 1
    fraction = int((match[2] or "0").ljust(_E18_DECIMALS, "0")) if is_money else 0
    return int(match[1]) * scale + fraction


def _size(finding: Finding) -> int | None:
    """The main measure of a finding; None where it is not known."""
    found = detector_of(finding.detector)
    if found is None or not found.measures:
        return None
    value = finding.amounts.get(found.measures[0])
    return None if value is None else abs(value)
