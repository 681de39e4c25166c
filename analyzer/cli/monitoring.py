"""`analyzer monitoring`: the Grafana dashboard and the Prometheus rules that ship."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.terminal import emit, note


@verb(
    "analyzer monitoring dashboard --out analyzer-dashboard.json",
    "analyzer monitoring rules --out analyzer-rules.yml",
    short_help="Print the Grafana dashboard or the Prometheus rules.",
)
@click.argument("what", type=click.Choice(("dashboard", "rules")))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to this file, which is not replaced, instead of standard output.",
)
def monitoring(*, what: str, out: Path | None) -> int:
    """Print what ships for the metrics of `analyzer watch`.

    dashboard: a Grafana dashboard (import it, choose the Prometheus). rules: Prometheus alert
    rules (name the file in `rule_files`). Both speak of nothing but the metrics of this version.
    """
    from analyzer.model.atomic import replaced
    from analyzer.model.errors import InputError
    from analyzer.report.monitoring import monitoring_text

    text = monitoring_text(what)
    if out is None:
        emit(text)
        return 0
    if out.exists():
        raise InputError(f"{out} is there already: remove it, or name another file")
    with replaced(out) as aside:
        aside.write_text(text, encoding="utf-8")
    note(f"{what} written to {out}")
    return 0
