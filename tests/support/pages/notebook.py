"""Runs the code cells of docs/notebook.ipynb in order, in one namespace, as Jupyter would.

`python tests/support/pages/notebook.py` writes what comes out into the file; a test compares.
"""

from __future__ import annotations

import ast
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).resolve().parents[3] / "docs" / "notebook.ipynb"
DATABASE = "demo.duckdb"
"""The file that the notebook opens, in the folder it runs in."""


def read_notebook(path: Path = NOTEBOOK) -> dict[str, Any]:
    """The notebook as its file has it."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def written(document: dict[str, Any]) -> str:
    """A notebook as text, the way Jupyter writes it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def run_notebook(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The namespace after all cells ran in `folder`; their outputs and numbers are put into
    `document`. Raises: what a cell raises."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with chdir(folder):
        for number, cell in enumerate(code_cells(document), 1):
            cell["execution_count"] = number
            cell["outputs"] = list(_outputs("".join(cell["source"]), number, namespace))
    return namespace


def code_cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells that are code, in order."""
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


def _outputs(source: str, number: int, namespace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Runs one cell: what it printed, then the value of its last expression, if it has one."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(ast.Module(body, []), f"cell {number}", "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), namespace)
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        yield {"name": "stdout", "output_type": "stream", "text": text}
    if value is not None:
        data = {"text/plain": [repr(value)]}
        if hasattr(value, "_repr_svg_"):
            data = {"image/svg+xml": [value._repr_svg_()], **data}
        yield {
            "data": data,
            "execution_count": number,
            "metadata": {},
            "output_type": "execute_result",
        }


def main() -> None:
    """Makes the demo's snapshot in an empty folder and writes the notebook with its outputs."""
    from analyzer.runs.demo import demo

    document = read_notebook()
    with tempfile.TemporaryDirectory(prefix="analyzer-notebook-") as folder:
        demo(lambda _what, _done, _total: None, db=Path(folder) / DATABASE)
        run_notebook(document, Path(folder))
    aside = NOTEBOOK.with_suffix(".partial")
    aside.write_text(written(document), encoding="utf-8")
    os.replace(aside, NOTEBOOK)


if __name__ == "__main__":
    main()
