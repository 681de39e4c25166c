"""What ships for those who watch the metrics: a Grafana dashboard, and Prometheus alert rules."""

from __future__ import annotations

from importlib.resources import files

FILES = {"dashboard": "dashboard.json", "rules": "rules.yml"}
"""What can be asked for -> its file in this folder."""


def monitoring_text(what: str) -> str:
    """The text of one of `FILES`. Raises: KeyError for another name."""
    return (files(__name__) / FILES[what]).read_text(encoding="utf-8")
