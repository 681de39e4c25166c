"""A page as PDF, by a Chromium that is there; nothing is installed, nothing is fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.model.scratch import Scratch

VARIABLE = "ANALYZER_CHROMIUM"
"""Environment variable that names the browser."""
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
_SECONDS = 180


def find_chromium() -> str | None:
    """The browser that `ANALYZER_CHROMIUM` names, else one that is in the path; None = none."""
    named = os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def print_pdf(page: Path) -> bytes:
    """The page `page` as PDF, in colours of paper. It holds the time at which it was made.

    Raises: InputError in one line when there is no Chromium, or it prints nothing.
    """
    browser = find_chromium()
    if browser is None:
        raise InputError(
            f"a PDF needs Chromium or Chrome: install it, or name it in {VARIABLE}; "
            "--format html and markdown need neither"
        )
    with Scratch("pdf") as scratch:
        target = Path(scratch) / "report.pdf"
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            f"--user-data-dir={scratch}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={target}",
            # Root, as in a container, has no sandbox; the page is ours and loads nothing.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            page.as_uri(),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=_SECONDS, check=False, text=True
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"{browser} printed no PDF: {error}") from error
        if not target.exists() or not target.stat().st_size:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise InputError(f"{browser} printed no PDF (exit {done.returncode}): {said}")
        return target.read_bytes()
