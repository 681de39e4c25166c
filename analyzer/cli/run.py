"""`analyzer run`: the jobs of a file, one digest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.failure import mask
from analyzer.cli.group import verb
from analyzer.cli.options import format_option
from analyzer.cli.settings import for_children
from analyzer.cli.show import show_entries
from analyzer.cli.terminal import emit, note

if TYPE_CHECKING:
    from analyzer.documents.jobs import JobsDocument
    from analyzer.runs.schedule.job_alerts import JobAlerts
    from analyzer.runs.schedule.jobs_file import Job


@verb(
    "analyzer run jobs.toml",
    "analyzer run jobs.toml --only perp --digest digest.json",
    "analyzer run jobs.toml --list --json",
    "analyzer run jobs.toml --alerts alerts.toml",
    "analyzer run jobs.toml --dry-run",
    "analyzer run jobs.toml --render systemd --into units",
    "analyzer run jobs.toml --render crontab",
    short_help="Run the jobs of a file; one digest at the end.",
)
@click.argument("jobs_file", type=click.Path(path_type=Path), metavar="JOBS.TOML")
@click.option("--only", multiple=True, metavar="NAME", help="Only this job (may be repeated).")
@click.option("--list", "listed", is_flag=True, help="Say which jobs there are; run nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be run; run nothing.")
@click.option(
    "--render",
    type=click.Choice(("systemd", "crontab")),
    help="Write the jobs' schedules for systemd or cron; run nothing.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where --render systemd writes its units (default: to standard output).",
)
@click.option(
    "--digest",
    "digest_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the digest to this file: .json, else Markdown.",
)
@click.option(
    "--alerts",
    "alerts_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Send alerts on what scans find and on jobs that fail, as this file says. "
    "[default: `alerts` of JOBS.TOML]",
)
@format_option
def run(
    *,
    jobs_file: Path,
    only: tuple[str, ...],
    listed: bool,
    dry_run: bool,
    render: str | None,
    into: Path | None,
    digest_file: Path | None,
    alerts_file: Path | None,
    format_: str,
    as_json: bool,
) -> int:
    """Run several commands, each on its own, and say at the end how each went.

    Every job is tried, whatever became of those before it, but for one that `needs` a job which
    failed: it is skipped, and said. The exit code is 0 when none failed.
    """
    from analyzer.report.jobs import digest_markdown
    from analyzer.report.render_json import document_text
    from analyzer.runs.schedule.jobs import run_jobs
    from analyzer.runs.schedule.jobs_file import choose, read_jobs
    from analyzer.runs.snapshot.artifact import check_forms, write_texts

    for_children(click.get_current_context())
    jobs = choose(read_jobs(jobs_file), only, jobs_file)
    if render is not None:
        return _render(render, jobs_file, only, into)
    form = "json" if as_json else format_
    if listed or dry_run:
        _show_list(jobs, form, commands=dry_run)
        return 0
    if digest_file is not None:
        kind = "json" if digest_file.suffix == ".json" else "markdown"
        check_forms({digest_file: kind}, {"JOBS.TOML": jobs_file})
    alerts = _alerts(alerts_file, jobs_file)

    def started(job: Job) -> None:
        note(f"{job.name}: analyzer {job.words[0]} ...")
        if alerts is not None:
            alerts.started(job)

    digest = run_jobs(jobs, mask, started, lambda done: alerts.ended(done) if alerts else None)
    document = digest.document()
    _show_digest(document, form)
    if digest_file is not None:
        written = document_text if digest_file.suffix == ".json" else digest_markdown
        write_texts({digest_file: written(document)})
        note(f"digest written to {digest_file}")
    return int(digest.exit_code)


def _show_list(jobs: Sequence[Job], form: str, *, commands: bool) -> None:
    """The jobs in one form. commands: for people, the command lines instead of the schedules."""
    from analyzer.documents.jobs import ListedJob
    from analyzer.report.jobs import job_lines
    from analyzer.runs.schedule.jobs import list_document

    if form == "table":
        emit(mask(job_lines(jobs, commands=commands)))
        return
    document = list_document(jobs, mask)
    show_entries(document, document.jobs, ListedJob, form)


def _show_digest(document: JobsDocument, form: str) -> None:
    """The digest in one form."""
    from analyzer.documents.jobs import JobEnding
    from analyzer.report.jobs import digest_markdown, digest_text

    if form == "table":
        emit(digest_text(document))
    elif form == "markdown":
        emit(digest_markdown(document))
    else:
        show_entries(document, document.jobs, JobEnding, form)


def _alerts(named: Path | None, jobs_file: Path) -> JobAlerts | None:
    """The alerts of this run, where an option or the jobs file asks for them."""
    from analyzer.runs.schedule.alerts_file import read_alerts
    from analyzer.runs.schedule.channels import apprise_send
    from analyzer.runs.schedule.job_alerts import JobAlerts
    from analyzer.runs.schedule.jobs_file import alerts_of

    file = named or alerts_of(jobs_file)
    if file is None:
        return None
    chosen = read_alerts(file)
    send = apprise_send(
        chosen.channels, lambda number: note(f"channel {number} did not take an alert")
    )
    return JobAlerts(chosen, jobs_file.resolve(), send, note)


def _render(render: str, file: Path, only: tuple[str, ...], into: Path | None) -> int:
    """Schedules for systemd or cron, to a folder or to standard output."""
    from analyzer.runs.schedule.job_units import crontab, systemd_units
    from analyzer.runs.schedule.jobs_file import choose, read_jobs
    from analyzer.runs.snapshot.artifact import check_forms, write_texts

    jobs = choose(read_jobs(file), only, file)
    if render == "crontab":
        emit(crontab(jobs, file))
        return 0
    for name, text in systemd_units(jobs, file).items():
        if into is None:
            emit(f"# {name}\n{text}\n")
        else:
            into.mkdir(parents=True, exist_ok=True)
            check_forms({into / name: "unit"}, {"JOBS.TOML": file})
            write_texts({into / name: text})
            note(f"wrote {into / name}")
    return 0
