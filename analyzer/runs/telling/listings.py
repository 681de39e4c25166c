"""What there is, as documents: detectors, and the kinds of documents themselves."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer import __version__
from analyzer.documents.envelope import Run
from analyzer.documents.kinds import KINDS
from analyzer.documents.listings import (
    DetectorEntry,
    DetectorsDocument,
    DocumentKind,
    DocumentsDocument,
)
from analyzer.documents.schema import json_schema
from analyzer.findings import ALL_DETECTORS, RUN_DETECTORS, SCENARIO_DETECTORS, detector_of
from analyzer.findings.detector import Described
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError


def detectors_document(id_: str | None = None) -> DetectorsDocument:
    """All detectors, or the one of that name. Raises: InputError when there is none."""
    chosen: Sequence[type[Described]] = ALL_DETECTORS if id_ is None else [_named(id_)]
    return DetectorsDocument(Run(__version__, 0), tuple(_detector(one) for one in chosen))


def documents_document() -> DocumentsDocument:
    """Every kind of document, with the first sentence of what it says of itself."""
    return DocumentsDocument(
        Run(__version__, 0),
        tuple(
            DocumentKind(kind.KIND, kind.SCHEMA, " ".join((kind.__doc__ or "").split()))
            for kind in KINDS
        ),
    )


def schema_of(name: str) -> dict[str, object]:
    """The JSON Schema of one kind of document. Raises: InputError when there is none."""
    for kind in KINDS:
        if name == kind.KIND:
            return json_schema(kind)
    known = ", ".join(kind.KIND for kind in KINDS)
    close = did_you_mean(name, [kind.KIND for kind in KINDS])
    raise InputError(f"there is no document '{name}'{close} (there are: {known})")


def _named(id_: str) -> type[Described]:
    detector = detector_of(id_)
    if detector is None:
        known = ", ".join(sorted(detector.id for detector in ALL_DETECTORS))
        close = did_you_mean(id_, [detector.id for detector in ALL_DETECTORS])
        raise InputError(f"there is no detector {id_!r}{close} (there are: {known})")
    return detector


def _detector(detector: type[Described]) -> DetectorEntry:
    """Everything that a detector states."""
    return DetectorEntry(
        id=detector.id,
        title=detector.title,
        severity=detector.severity,
        sees=_sees(detector),
        proves=detector.proves,
        does_not_prove=detector.does_not_prove,
        remedy=detector.remedy,
        market_is=detector.about,
        measures=tuple(detector.measures),
        needs_comparison=detector.needs_comparison,
    )


def _sees(detector: type[Described]) -> str:
    """What a detector sees: one scan, all scans of a run, or a scenario's cascade."""
    if detector in SCENARIO_DETECTORS:
        return "scenario"
    return "run" if detector in RUN_DETECTORS else "scan"
