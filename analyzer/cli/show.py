"""Puts a rendered document on standard output, in the form and width that suits it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from analyzer.cli.outputs import Output
from analyzer.cli.terminal import emit, in_colour, note, to_terminal

if TYPE_CHECKING:
    from analyzer.documents.account import StatementDocument
    from analyzer.documents.scan import JudgedDocument


def _look() -> dict[str, Any]:
    """Width and colour: the terminal's own, or plain text of the default width."""
    from analyzer.report.table import DEFAULT_WIDTH

    if not to_terminal():
        return {"width": DEFAULT_WIDTH, "colour": in_colour(terminal=False)}
    width = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
    return {"width": width, "colour": in_colour(terminal=True)}


def show_outputs(
    document: Any, outputs: Sequence[Output], draw: Callable[..., str], *, rows: bool = False
) -> None:
    """Writes a document in every form that was asked for: files first, as a whole, then the one
    for standard output. draw: (document, format, width, colour) -> text; rows: the answer to a
    question, which replaces nothing that has other columns."""
    from analyzer.runs.snapshot.artifact import check_columns, write_texts

    files = {o.path: draw(document, o.format) for o in outputs if o.path is not None}
    if rows:
        check_columns(files)
    write_texts(files)
    for output in outputs:
        if output.path is None:
            emit(draw(document, output.format, **_look()))
    for path in files:
        note(f"{path} written")


def show_judged(document: JudgedDocument, outputs: Sequence[Output]) -> None:
    """Writes what `scan` or `verify` says in every form that was asked for."""
    from analyzer.report.render import render

    show_outputs(document, outputs, render)


def show_document(document: JudgedDocument, format_: str) -> None:
    """Writes a run's document as table, json, csv or markdown."""
    from analyzer.report.render import render

    emit(render(document, format_, **_look()))


def show_rows_in(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    outputs: Sequence[Output],
    *,
    exact: bool,
) -> None:
    """Writes a query's result in every form that was asked for, as `show_outputs` does. exact: a
    table with all digits, however wide."""

    def draw(_: object, form: str, **look: Any) -> str:
        return _rows_text(columns, rows, form, **look, **_for_people(exact=exact))

    show_outputs(None, outputs, draw, rows=True)


def show_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    format_: str,
    *,
    count: bool = True,
    exact: bool = True,
    records: bool = False,
) -> None:
    """Writes a query's result as table (with `count` of its rows), json, csv or markdown. exact:
    a table with all digits, however wide; records: a line a column instead."""
    how = {"count": count, "records": records, **_for_people(exact=exact)}
    emit(_rows_text(columns, rows, format_, **how, **_look()))


def _for_people(*, exact: bool) -> dict[str, bool]:
    """How a table treats what is long: rounded, and cut to the terminal if there is one."""
    return {"exact": exact, "fit": not exact and to_terminal()}


def show_entries(document: Any, entries: Sequence[Any], kind: type[Any], format_: str) -> None:
    """Writes a document that is one list: as JSON the whole of it, else its entries (dataclasses of
    `kind`) as rows."""
    from analyzer.report.entries import entry_rows

    if format_ == "json":
        show_json(document)
    else:
        show_rows(*entry_rows(entries, kind), format_)


def _rows_text(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], format_: str, **look: Any
) -> str:
    """Rows in one form."""
    from analyzer.report.render_json import document_text
    from analyzer.report.rows import render_rows
    from analyzer.runs.telling.rows import rows_document

    if format_ == "json":
        return document_text(rows_document(columns, rows))
    return render_rows(columns, rows, format_, **look)


def show_blocks(blocks: Sequence[Any], format_: str) -> None:
    """Writes a page as table or markdown; wider than the terminal where a number would be cut."""
    from analyzer.report.markdown import markdown
    from analyzer.report.rows import width_of
    from analyzer.report.table import table

    if format_ == "markdown":
        emit(markdown(blocks))
        return
    look = _look()
    emit(table(blocks, width=max(look["width"], *map(width_of, blocks)), colour=look["colour"]))


def show_detectors(id_: str | None, format_: str) -> None:
    """Writes all detectors, or one of them, as table, json or markdown."""
    from analyzer.report.detector_list import render_detectors
    from analyzer.runs.telling.listings import detectors_document

    emit(render_detectors(detectors_document(id_), format_, introduced=id_ is None, **_look()))


def show_json(value: Any) -> None:
    """Writes a document as JSON."""
    from analyzer.documents.envelope import Document
    from analyzer.report.render_json import document_text, json_text

    emit(document_text(value) if isinstance(value, Document) else json_text(value))


def show_statement(statement: StatementDocument, format_: str) -> None:
    """Writes an account's statement as table, json, csv or markdown."""
    from analyzer.report.statement import render_statement

    emit(render_statement(statement, format_, **_look()))
