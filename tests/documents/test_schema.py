from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import fastjsonschema
import pytest
from document_schemas import validate
from scan_results import check, clean_result, judged, unknown
from told import scan_of

from analyzer.documents.encode import to_json
from analyzer.documents.envelope import Document
from analyzer.documents.kinds import KINDS
from analyzer.documents.schema import FOLDER, schema_text, write_schemas
from analyzer.findings import run_detectors


def parts_of(hint: Any) -> Iterator[type]:
    """Every dataclass that a type names, itself included."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
        hints = get_type_hints(hint)
        for field in fields(hint):
            yield from parts_of(hints[field.name])
    for argument in get_args(hint):
        yield from parts_of(argument)


def scanned() -> dict[str, Any]:
    result = clean_result([judged(0, equity=60), unknown(1)], checks=[check(0, equal=False)])
    result.findings = run_detectors(result)
    return to_json(scan_of([result]))


def test_the_schemas_that_ship_are_those_of_the_dataclasses() -> None:
    kinds = {f"{kind.KIND}.json": schema_text(kind) for kind in KINDS}
    assert {path.name: path.read_text() for path in FOLDER.glob("*")} == kinds, (
        "run python tests/support/pages/document_schemas.py"
    )


def test_what_no_command_writes_any_more_goes(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    write_schemas(KINDS[:1], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{KINDS[0].KIND}.json"]


def test_every_kind_has_a_name_of_its_own_and_says_what_it_is() -> None:
    names = [kind.KIND for kind in KINDS]
    assert names == sorted(set(names))
    for kind in KINDS:
        for part in parts_of(kind):
            assert not (part.__doc__ or "").startswith(f"{part.__name__}(")


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_one_document_have_different_names(kind: type[Document]) -> None:
    parts = set(parts_of(kind))
    assert len({part.__name__ for part in parts}) == len(parts)


def test_a_scan_is_what_its_schema_says() -> None:
    validate(scanned())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("run", "started_at"), "2026-11-30T12:00:00+00:00"),
        (("run", "exit_code"), "0"),
        (("scans", 0, "solvency", "hidden_bad_debt_e18"), 5),
        (("scans", 0, "solvency", "answer"), "fine"),
        (("schema",), 2),
        (("findings", 0, "more"), 1),
    ],
)
def test_what_is_not_as_the_schema_says_is_refused(path: tuple[Any, ...], value: object) -> None:
    document = json.loads(json.dumps(scanned()))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate(document)


def test_a_key_that_is_missing_is_refused() -> None:
    document = scanned()
    del document["scans"][0]["verdicts"]
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate(document)


def test_documents_are_frozen() -> None:
    document = scan_of([clean_result()])
    with pytest.raises(AttributeError):
        document.scans = ()  # type: ignore[misc]
    assert replace(document, scans=()).scans == ()
