"""The interactive side of `analyzer sql`: line editing, history, completion, backslash commands.

History is kept in the user's state folder; where that cannot be written, the shell goes without.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analyzer.cli.show import show_rows
from analyzer.cli.terminal import note
from analyzer.model.errors import AnalyzerError

PROMPT = "analyzer> "
CONTINUATION = "     ...> "
HISTORY_LINES = 1_000
LIST_TABLES = (
    "SELECT table_name AS name, comment FROM duckdb_tables() WHERE NOT internal "
    "UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1"
)
"""What \\d runs: every table and view with its comment."""
NAMES = (
    "SELECT table_name FROM duckdb_columns() WHERE NOT internal "
    "UNION SELECT column_name FROM duckdb_columns() WHERE NOT internal ORDER BY 1"
)
"""What can be completed, beside keywords."""
KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "USING", "HAVING",
    "DISTINCT", "COUNT", "SUM", "MIN", "MAX", "DESCRIBE", "SUMMARIZE", "WITH", "DESC", "NULLS LAST",
)  # fmt: skip
_DESCRIBE = re.compile(r"\\d\s+(\w+)")

Run = Callable[[str], tuple[Sequence[str], Sequence[Sequence[object]]]]


def describe(table: str) -> str:
    """The statement that shows the columns of a table with their comments."""
    return (
        "SELECT column_name AS column, data_type AS type, comment FROM duckdb_columns()"
        f" WHERE NOT internal AND table_name = '{table}' ORDER BY column_index"
    )


def history_file() -> Path:
    """Where the history is: `$XDG_STATE_HOME/analyzer/sql_history`, else in ~/.local/state."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "analyzer" / "sql_history"


def complete(text: str, names: Sequence[str]) -> list[str]:
    """The names and keywords that begin with `text`, whatever its case."""
    lower = text.lower()
    words = [*names, *(k.lower() if text.islower() else k for k in KEYWORDS)]
    return [word for word in words if word.lower().startswith(lower)]


HELP = r"""
statement;      runs it (end it with a semicolon; Tab completes names)
\d, .tables     lists the tables and views with what each row is
\d NAME         lists the columns of one with what each means
\x              a line a column instead of a table, and back
.exact          all digits instead of rounded numbers, and back
.help           this
\q              leaves (so do quit, exit and Ctrl-D)
""".strip()
"""What .help says."""


@dataclass(slots=True)
class Look:
    """How results are shown. records: a line a column; exact: all digits."""

    records: bool = False
    exact: bool = False

    def obey(self, command: str) -> bool:
        """Whether a command was about the look, or asked for help: it is done then, and said."""
        if command in (".help", r"\?"):
            note(HELP)
        elif command == r"\x":
            self.records = not self.records
            note(f"records are {'on' if self.records else 'off'}")
        elif command == ".exact":
            self.exact = not self.exact
            note(f"all digits are {'on' if self.exact else 'off'}")
        else:
            return False
        return True


def statement_of(command: str) -> str | None:
    """The SQL of a backslash command; None when it is none that is known."""
    if command in (r"\d", ".tables"):
        return LIST_TABLES
    found = _DESCRIBE.fullmatch(command)
    return None if found is None else describe(found[1])


def interact(run: Run, format_: str, *, exact: bool = False) -> int:
    """Reads statements up to `;` and shows their results until end of input or `\\q`."""
    names = [str(row[0]) for row in run(NAMES)[1]]
    _edit_lines(names)
    note(r"Statements end with ';'. .help says what there is, .tables which tables, \q leaves.")
    look = Look(exact=exact)
    try:
        while (statement := _statement(look)) is not None:
            try:
                columns, rows = run(statement)
            except AnalyzerError as error:
                note(f"error: {error}")
                continue
            show_rows(columns, rows, format_, exact=look.exact, records=look.records)
    finally:
        _keep_history()
    return 0


def _edit_lines(names: Sequence[str]) -> None:
    """Line editing with completion and the history of earlier sessions."""
    import readline

    def completer(text: str, state: int) -> str | None:
        found = complete(text, names)
        return found[state] if state < len(found) else None

    readline.set_completer(completer)
    readline.set_completer_delims(" \t\n,()=<>;.'\"")
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(HISTORY_LINES)
    with suppress(OSError):
        readline.read_history_file(history_file())


def _keep_history() -> None:
    """Writes the history, where the folder lets it."""
    import readline

    path = history_file()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        readline.write_history_file(path)


def _statement(look: Look) -> str | None:
    """The next statement from the terminal; None at the end of input. Ctrl-C starts afresh."""
    lines: list[str] = []
    while True:
        try:
            line = input(CONTINUATION if lines else PROMPT)
        except EOFError:
            note("")
            return None
        except KeyboardInterrupt:
            note("")
            lines = []
            continue
        word = line.strip()
        if not lines and word in (r"\q", "quit", "exit"):
            return None
        if not lines and word.startswith(("\\", ".")):
            if look.obey(word):
                continue
            command = statement_of(word)
            if command is not None:
                return command
            note(f"there is no command {word}: .help says what there is")
            continue
        if word or lines:
            lines.append(line)
        if word.endswith(";"):
            return "\n".join(lines)
