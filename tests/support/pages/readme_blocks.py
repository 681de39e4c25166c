"""The console blocks of a Markdown file that show what a command printed.

A block is marked by a comment on the line before it, and shows the command and its output:

    <!-- run: analyzer demo -->
    <!-- run, exit 1, first 12 lines: analyzer scan ... -->

All blocks of a file are run in order, in one empty folder, so that a later one may use what an
earlier one left there; what a page needs and does not show stands in `<!-- before: ... -->`.
`python tests/support/pages/readme_blocks.py README.md docs/*.md` writes the real output into the
files; a test compares.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"<!-- run(?:, exit (?P<exit>\d+))?(?:, first (?P<first>\d+) lines)?: (?P<command>.+?) -->\n"
    r"```console\n(?P<text>.*?)```\n",
    re.DOTALL,
)
_BEFORE = re.compile(r"<!-- before: (?P<command>.+?) -->\n")
DEMO = "analyzer demo --db demo.duckdb"
"""The command before the blocks of most pages."""


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A marked block: its command, the exit code it must end with, and how it is shown."""

    command: str
    exit_code: int
    first: int | None
    text: str


def blocks_of(document: str) -> list[ShownBlock]:
    """The marked blocks of a document, in order."""
    return [
        ShownBlock(
            match["command"],
            int(match["exit"] or 0),
            int(match["first"]) if match["first"] else None,
            match["text"],
        )
        for match in _BLOCK.finditer(document)
    ]


def prepare(document: str, folder: Path, demo: Path | None = None) -> None:
    """Runs what the document needs in `folder` before its blocks, whatever these commands find.

    demo: a folder with what `DEMO` leaves, if there is one: it is copied instead of made again.
    """
    for match in _BEFORE.finditer(document):
        if demo is not None and match["command"] == DEMO:
            shutil.copytree(demo, folder, dirs_exist_ok=True)
        else:
            _run(match["command"], folder)


def run_block(block: ShownBlock, folder: Path) -> str:
    """What the block must show: the command, and the first lines of its standard output.

    Raises: AssertionError when the command ends with another exit code than the block says.
    """
    done = _run(block.command, folder)
    assert done.returncode == block.exit_code, f"{block.command}: {done.returncode}\n{done.stderr}"
    lines = done.stdout.splitlines()
    if block.first is not None and len(lines) > block.first:
        lines = [*lines[: block.first], "..."]
    return "\n".join([f"$ {block.command}", *lines]) + "\n"


def _run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command as a reader would, with this environment's programs and no node."""
    tools = str(Path(sys.executable).parent)
    environment = {name: value for name, value in os.environ.items() if name != "ANALYZER_RPC"}
    # How long a range takes differs from machine to machine, and so does what is said of it.
    environment["ANALYZER_ORDER_RANGE"] = "never"
    environment["PATH"] = f"{tools}{os.pathsep}{environment['PATH']}"
    words = ["bash", "-c", command]
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def filled(document: str) -> str:
    """The document with the real output in every marked block."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(document, Path(folder))
        for block in blocks_of(document):
            shown = run_block(block, Path(folder))
            document = document.replace(
                f"{block.command} -->\n```console\n{block.text}```\n",
                f"{block.command} -->\n```console\n{shown}```\n",
                1,
            )
    return document


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
