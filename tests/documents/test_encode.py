from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from analyzer.documents.encode import Amount, moment_text, to_json
from analyzer.documents.envelope import Document, Run
from analyzer.model.finding import Severity
from analyzer.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """One part."""

    from_: str
    amount_e18: Amount | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Sample(Document):
    """One of each type."""

    KIND: ClassVar[str] = "sample"
    SCHEMA: ClassVar[int] = 3

    made_at: datetime
    day: date | None
    severity: Severity
    verdict: Verdict
    limits: Mapping[str, Amount]
    parts: tuple[Part, ...]
    cell: Any


HUGE = 2**200 + 1


def sample(**changes: Any) -> Sample:
    values: dict[str, Any] = {
        "run": Run("1.2.3", 4),
        "made_at": datetime(2026, 11, 30, 12, 0, 0, 999_999, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "severity": Severity.HIGH,
        "verdict": Verdict.BELOW_INITIAL,
        "limits": {"debt_e18": -HUGE},
        "parts": (Part("a", HUGE, 0.5), Part("b", None, None)),
        "cell": [1, None],
    }
    return Sample(**{**values, **changes})


def test_a_document_is_written_by_the_types_of_its_fields() -> None:
    assert to_json(sample()) == {
        "schema": 3,
        "kind": "sample",
        "run": {"analyzer_version": "1.2.3", "exit_code": 4},
        "made_at": "2026-11-30T12:00:00Z",
        "day": "2026-01-02",
        "severity": "high",
        "verdict": "below_initial",
        "limits": {"debt_e18": str(-HUGE)},
        "parts": [
            {"from": "a", "amount_e18": str(HUGE), "share": 0.5},
            {"from": "b", "amount_e18": None, "share": None},
        ],
        "cell": [1, None],
    }
    assert list(to_json(sample()))[:3] == ["schema", "kind", "run"]


def test_a_small_amount_is_text_too_and_a_count_is_a_number() -> None:
    written = to_json(Part("a", 0, None))
    assert (written["amount_e18"], type(to_json(Run("1", 0))["exit_code"])) == ("0", int)


def test_every_time_is_utc_to_the_second_whatever_zone_it_came_in() -> None:
    here = datetime(2026, 11, 30, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert moment_text(here) == "2026-11-29T23:30:00Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-11-30T12:00:00 has none"):
        to_json(sample(made_at=datetime(2026, 11, 30, 12)))


def test_a_type_that_no_document_has_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Odd:
        """Holds what has no form in JSON."""

        bits: bytes

    with pytest.raises(TypeError, match="bytes"):
        to_json(Odd(b""))
