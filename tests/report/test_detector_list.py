from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.findings import ALL_DETECTORS
from analyzer.model.errors import InputError
from analyzer.report.detector_list import render_detectors
from analyzer.runs.telling.listings import detectors_document


def listed(form: str) -> str:
    """All detectors in one form."""
    return render_detectors(detectors_document(), form, introduced=True)


def test_the_documentation_is_what_the_detectors_say_of_themselves(repository: Path) -> None:
    written = (repository / "docs" / "detectors.md").read_text(encoding="utf-8")
    assert written == listed("markdown"), (
        "to write it anew: analyzer detectors list --format markdown > docs/detectors.md"
    )


def test_every_detector_is_listed_with_its_severity() -> None:
    lines = [line.split() for line in listed("table").splitlines()]
    found = {line[1]: line[0] for line in lines if len(line) > 2}
    assert {d.id: d.severity.label for d in ALL_DETECTORS}.items() <= found.items()


def test_json_holds_every_text() -> None:
    entries = json.loads(listed("json"))["detectors"]
    assert [d["id"] for d in entries] == [d.id for d in ALL_DETECTORS]
    for entry, detector in zip(entries, ALL_DETECTORS, strict=True):
        assert entry["proves"] == detector.proves
        assert entry["does_not_prove"] == detector.does_not_prove
        assert entry["remedy"] == detector.remedy


@pytest.mark.parametrize("format_", ["table", "markdown", "json"])
def test_one_detector_is_shown_with_what_it_does_not_prove(format_: str) -> None:
    one = detectors_document("insolvent-account")
    text = " ".join(render_detectors(one, format_, introduced=False).split())
    assert "That the loss is final: prices may come back" in text
    assert "unknown-account" not in text


def test_a_detector_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        InputError, match=r"no detector 'bad-thing' \(there are: adl-due, bad-oracle, "
    ):
        detectors_document("bad-thing")


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no such format: xml"):
        listed("xml")
