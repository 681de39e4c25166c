"""Makes a cut of a recording: one pinned block, with what a scan of it asks, and lean headers.

    python tests/support/files/recording_cut.py RECORDING LABEL OUT.zip

The scan is the program's own (`--verify all --record`), so the cut holds exactly its answers. Of
each header the number, hash, parent and time are kept; its bloom is not.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import zipfile
from pathlib import Path

from click.testing import CliRunner

from analyzer.cli import main

LIMIT = 300_000
"""Bytes that a fixture may have."""
_HEADER = ("number", "hash", "parentHash", "timestamp")
_WHEN = (1980, 1, 1, 0, 0, 0)


def cut(recording: Path, label: str, out: Path) -> None:
    """Writes the cut. Raises: ValueError when it is too large, or the scan found a difference."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.zip"
        options = ["--recording", recording, "--block", label, "--verify", "all", "--record", whole]
        words = ["scan", *options, "--db", Path(folder) / "scan.duckdb", "--fail-on", "never"]
        done = CliRunner().invoke(main, [str(word) for word in words])
        if done.exit_code not in (0, 3):
            raise ValueError(f"the scan of {recording} ended with {done.exit_code}: {done.output}")
        _lean(whole, out)
    if out.stat().st_size > LIMIT:
        raise ValueError(f"{out} has {out.stat().st_size} bytes, more than {LIMIT}")


def _lean(whole: Path, out: Path) -> None:
    """The recording with lean headers and nothing but what a replay reads."""
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(out, "w") as target:
        for listed in sorted(source.namelist()):
            name = listed
            if name in ("findings.json", "version.json"):
                continue
            data = source.read(name)
            if name == "blocks.jsonl.gz":
                rows = [json.loads(line) for line in gzip.decompress(data).splitlines()]
                lean = [{key: row[key] for key in _HEADER} for row in rows]
                text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in lean)
                data = gzip.compress(text.encode(), 9, mtime=0)
            if name.endswith(".gz"):
                # LZMA sees repetitions that lie further apart than gzip looks back.
                name, data = name.removesuffix(".gz"), gzip.decompress(data)
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.compress_type = zipfile.ZIP_LZMA
            target.writestr(entry, data)


if __name__ == "__main__":
    cut(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
