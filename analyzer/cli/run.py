"""`analyzer run`: the jobs of a file, one digest."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.group import verb
from analyzer.cli.settings import for_children
from analyzer.cli.terminal import emit, note


@verb(
    "analyzer run jobs.toml",
    "analyzer run jobs.toml --only perp --digest digest.json",
    "analyzer run jobs.toml --list",
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
def run(
    *,
    jobs_file: Path,
    only: tuple[str, ...],
    listed: bool,
    dry_run: bool,
    render: str | None,
    into: Path | None,
    digest_file: Path | None,
) -> int:
    """Run several commands, each on its own, and say at the end how each went.

    Every job is tried, whatever became of those before it. The exit code is 0 when none failed.
    """
    from analyzer.cli.failure import mask
    from analyzer.report.jobs import digest_markdown, digest_text, job_lines
    from analyzer.report.render_json import document_text
    from analyzer.runs.schedule.jobs import run_jobs
    from analyzer.runs.schedule.jobs_file import choose, read_jobs
    from analyzer.runs.snapshot.artifact import check_forms, write_texts

    for_children(click.get_current_context())
    jobs = choose(read_jobs(jobs_file), only, jobs_file)
    if render is not None:
        return _render(render, jobs_file, only, into)
    if listed or dry_run:
        emit(mask(job_lines(jobs, commands=dry_run)))
        return 0
    if digest_file is not None:
        form = "json" if digest_file.suffix == ".json" else "markdown"
        check_forms({digest_file: form}, {"JOBS.TOML": jobs_file})
    digest = run_jobs(jobs, mask, lambda job: note(f"{job.name}: analyzer {job.words[0]} ..."))
    document = digest.document()
    emit(digest_text(document))
    if digest_file is not None:
        written = document_text if digest_file.suffix == ".json" else digest_markdown
        write_texts({digest_file: written(document)})
        note(f"digest written to {digest_file}")
    return int(digest.exit_code)


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
