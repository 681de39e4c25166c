"""The page of what a node can do wrong and what the analyzer makes of it, made from the kinds of
fault in `analyzer.testing` and the table that the tests go through.

`python tests/support/chains/fault_page.py` writes `docs/faults.md`; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fault_table import NOT_NOTICEABLE, ROWS, Expected, Row

from analyzer.testing import KINDS
from analyzer.testing.kinds import Kind, Stage

PAGE = Path(__file__).resolve().parents[3] / "docs" / "faults.md"

HEADINGS = {
    Stage.WIRE: "The HTTP exchange",
    Stage.ENVELOPE: "The JSON-RPC answer as a whole",
    Stage.REFUSAL: "Errors",
    Stage.RESULT: "Lies and weaknesses of single answers",
    Stage.WORLD: "Another chain than before: nodes that lag, branches, reorgs",
}

HEAD = """# What a node can do wrong, and what the analyzer makes of it

Made by `tests/support/chains/fault_page.py` from the kinds of fault of `analyzer.testing` and from
`tests/support/chains/fault_table.py`, row by row what `tests/testing/test_faults.py` runs: a scan
with `--verify all` through a `FaultNode` whose answers have this fault once, and for good.

- **survived**: the scan ends as a clean one does, and every table of snapshot and index equals
  that of a clean scan, but for wall-clock columns.
- **noticed**: exit code 3 (not read, not proven), 4 (the contract says otherwise) or 2 (wrong
  chain, no contract), with a line that says why; an honest run afterwards heals the index.
- **not noticeable**: nothing that a node says contradicts it; the row says what would tell.

How to give your own protocol such a node: [testing.md](testing.md).
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    rows = {row.kind: row for row in ROWS}
    for stage, heading in HEADINGS.items():
        kinds = [kind for kind in KINDS.values() if kind.stage is stage]
        parts += [f"## {heading}\n", "\n".join(_section(kinds, rows)), ""]
    return "\n".join(parts)


def _section(kinds: list[Kind], rows: dict[str, Row]) -> Iterator[str]:
    """The table of one stage."""
    yield "| Kind | The node | Seen at | Once | For good | Test |"
    yield "|---|---|---|---|---|---|"
    for kind in kinds:
        row = rows[kind.name]
        cells = (
            f"`{kind.name}`", kind.does, kind.seen, _cell(row.once, row), _cell(row.always, row),
            f"`test_faults.py::test_fault[{kind.name}]`",
        )  # fmt: skip
        yield f"| {' | '.join(text.replace('|', '&#124;') for text in cells)} |"


def _cell(expected: Expected | None, row: Row) -> str:
    """What is expected, in words."""
    if expected is None:
        return ""
    words = expected.outcome + (f", exit {expected.code}" if expected.code else "")
    if expected.outcome == NOT_NOTICEABLE or expected.said:
        words += f": {expected.said}"
    return words


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
