"""Jobs: all are tried, the digest says how each went, and the file's mistakes are named."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from document_schemas import validate

from analyzer.cli import main
from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode, InputError
from analyzer.report.jobs import digest_markdown, digest_text
from analyzer.runs.schedule.job_units import crontab, systemd_units
from analyzer.runs.schedule.jobs import Digest, Done, run_job, run_jobs
from analyzer.runs.schedule.jobs_file import Job, choose, read_jobs

AN_A = "[[job]]\nname = 'a'\nrun = 'scan'\n"
FILE = """
[defaults]
timeout_seconds = 60

[[job]]
name = "missing"
run = "sql --db nothing.duckdb 'SELECT 1'"
schedule = "hourly"

[[job]]
name = "queries"
run = ["query", "list"]
cron = "*/15 * * * *"
description = "50% of the work"
"""


@pytest.fixture
def jobs_file(tmp_path: Path) -> Path:
    """A job that fails, and after it one that does not."""
    path = tmp_path / "jobs.toml"
    path.write_text(FILE)
    return path


def unmasked(text: str) -> str:
    return text


def test_every_job_is_tried_and_the_digest_names_the_one_that_failed(jobs_file: Path) -> None:
    seen: list[str] = []
    digest = run_jobs(read_jobs(jobs_file), unmasked, lambda job: seen.append(job.name))
    assert seen == ["missing", "queries"]
    missing, queries = digest.done
    assert (missing.code, missing.failed, missing.words) == (2, True, "input is wrong")
    assert "there is no snapshot at nothing.duckdb" in missing.tail[-1]
    assert (queries.code, queries.failed) == (0, False)
    assert digest.exit_code is ExitCode.BAD_INPUT
    document = digest.document()
    validate(to_json(document))
    assert document.failed == ("missing",)
    text = digest_text(document)
    assert text.startswith("1 of 2 jobs failed: missing\n")
    assert "there is no snapshot" in text
    assert "```text" in digest_markdown(document)


NEEDY = """
[[job]]
name = "report"
needs = ["scan"]
run = "query list"

[[job]]
name = "scan"
run = "sql --db nothing.duckdb 'SELECT 1'"

[[job]]
name = "mail"
needs = ["report"]
run = "query list"

[[job]]
name = "free"
run = "query list"
"""


def test_a_job_whose_input_failed_is_skipped_and_said(tmp_path: Path) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text(NEEDY)
    jobs = read_jobs(path)
    assert [job.name for job in jobs] == ["scan", "report", "mail", "free"]
    digest = run_jobs(jobs, unmasked)
    assert [(d.job.name, d.failed, d.words) for d in digest.done] == [
        ("scan", True, "input is wrong"),
        ("report", False, "skipped: it needs scan, which failed"),
        ("mail", False, "skipped: it needs report, which was skipped"),
        ("free", False, "clean"),
    ]
    document = digest.document()
    validate(to_json(document))
    assert (document.failed, document.skipped) == (("scan",), ("report", "mail"))
    assert digest.exit_code is ExitCode.BAD_INPUT
    headline = digest_text(document).splitlines()[0]
    assert headline == "1 of 4 jobs failed: scan; not run: report, mail"
    assert "| report | skipped | skipped: it needs scan, which failed |" in digest_markdown(
        document
    )
    # Alone, a job asks nothing of those that do not run.
    [alone] = run_jobs(choose(jobs, ("report",), path), unmasked).done
    assert alone.words == "clean"


@pytest.mark.parametrize(
    ("needs", "says"),
    [
        ("['b']", "job a needs 'b', which is no job"),
        ("['aa']", "did you mean 'a'"),
        ("['a']", "jobs need each other in a circle: a"),
        ("'a'", "job a: needs is a list of jobs"),
        ("[1]", "job a: needs is a list of jobs"),
    ],
)
def test_needs_that_cannot_be_met_are_one_line(tmp_path: Path, needs: str, says: str) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text(f"{AN_A}needs = {needs}\n")
    with pytest.raises(InputError) as caught:
        read_jobs(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_jobs_in_a_circle_are_named(tmp_path: Path) -> None:
    path = tmp_path / "jobs.toml"
    a_b = AN_A.replace("name = 'a'", "name = 'b'")
    path.write_text(f"{AN_A}needs = ['b']\n{a_b}needs = ['a']")
    with pytest.raises(InputError, match="in a circle: a, b"):
        read_jobs(path)


def test_the_list_of_jobs_has_every_form(tmp_path: Path) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text(NEEDY)
    listed = CliRunner().invoke(main, ["run", str(path), "--list", "--json"])
    document = json.loads(listed.stdout)
    validate(document)
    assert [(job["name"], job["needs"]) for job in document["jobs"]] == [
        ("scan", []),
        ("report", ["scan"]),
        ("mail", ["report"]),
        ("free", []),
    ]
    for form in ("csv", "markdown", "table"):
        shown = CliRunner().invoke(main, ["run", str(path), "--list", "--format", form])
        assert (shown.exit_code, "report" in shown.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "db"),
    [
        (("scan", "--db", "x.duckdb"), "x.duckdb"),
        (("scan", "--db=x.duckdb"), "x.duckdb"),
        (("scan",), None),
        (("scan", "--db"), None),
        (("report", "--db", "x.duckdb"), None),
    ],
)
def test_the_snapshot_that_a_job_writes_is_known(
    tmp_path: Path, words: tuple[str, ...], db: str | None
) -> None:
    job = Job("a", words, tmp_path, 1)
    assert job.scanned == (None if db is None else tmp_path / db)


def test_a_job_that_hangs_is_stopped_with_everything_that_it_started(tmp_path: Path) -> None:
    # A program of the same name that sleeps stands for a command that hangs.
    job = Job("slow", ("sql", "--db", "x"), tmp_path, 1)
    script = tmp_path / "analyzer.py"
    script.write_text("import time\ntime.sleep(60)\n")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        done = run_job(job, unmasked)
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    assert done.timed_out
    assert done.failed
    assert done.words == "stopped after 1 s"
    assert done.seconds < 20
    assert Digest((done,)).exit_code is ExitCode.NOT_FULLY_READ


def test_findings_are_a_result_and_no_failure_unless_the_file_says_so(tmp_path: Path) -> None:
    calm = Job("calm", ("scan",), tmp_path, 1)
    strict = Job("strict", ("scan",), tmp_path, 1, failure=frozenset({ExitCode.FINDINGS}))
    assert not Done(calm, 1, 0.0, ()).failed
    assert Done(strict, 1, 0.0, ()).failed
    assert not Done(strict, 3, 0.0, ()).failed
    killed = Done(strict, -9, 0.0, ())
    assert killed.failed
    assert killed.words == "killed by SIGKILL"


def test_the_digests_code_is_the_worst_of_the_failed(tmp_path: Path) -> None:
    job = Job("one", ("scan",), tmp_path, 1)
    codes = [Done(job, code, 0.0, ()) for code in (1, 3, 4)]
    assert Digest(tuple(codes)).exit_code is ExitCode.DIVERGENCE
    assert Digest((codes[0],)).exit_code is ExitCode.CLEAN


def test_keys_come_from_an_env_file_and_are_masked(tmp_path: Path) -> None:
    (tmp_path / "rpc.env").write_text(
        '# keys\nANALYZER_RPC="http://127.0.0.1:9/v2/abcdefgh12345678"\n'
    )
    path = tmp_path / "jobs.toml"
    path.write_text('[[job]]\nname = "doctor"\nrun = "doctor"\nenv_file = "rpc.env"\n')
    from analyzer.cli.failure import mask

    done = run_job(read_jobs(path)[0], mask)
    assert done.failed
    assert "abcdefgh12345678" not in " ".join(done.tail)


def test_a_missing_env_file_fails_that_job_alone(tmp_path: Path) -> None:
    job = Job("x", ("query", "list"), tmp_path, 5, env_file=tmp_path / "none.env")
    done = run_job(job, unmasked)
    assert (done.code, done.failed) == (2, True)
    assert done.tail == ("env_file none.env cannot be read: No such file or directory",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a jobs file has"),
        ("[[job]]\nname = 'Perp'\nrun = 'scan'", "job 1 needs a name of lower-case"),
        ("[[job]]\nname = 'a'", "job a: run has to be a command"),
        ("[[job]]\nname = 'a'\nrun = 'watch'", "'watch' does not end by itself"),
        ("[[job]]\nname = 'a'\nrun = 'scan'\ncolour = 1", "job a has a key 'colour'"),
        ("[[job]]\nname = 'a'\nrun = 'scan'\ntimeout_seconds = 0", "timeout_seconds has to be"),
        ("[[job]]\nname = 'a'\nrun = 'scan'\ncron = '* *'", "cron needs five fields"),
        ("[[job]]\nname = 'a'\nrun = 'scan'\nfailure = ['bad']", "failure is a list of findings"),
        ("[[job]]\nname = 'a'\nrun = \"scan 'x\"", "run cannot be split"),
        ("[[job]]\nname='a'\nrun='scan'\n[[job]]\nname='a'\nrun='scan'", "two jobs are named"),
        ("[[job]", "is no jobs file"),
        ("job = ['x']", r"job 1 has to be a \[\[job\]\] table, not 'x'"),
        (AN_A + "failure = [['input']]", "failure is a list of findings"),
        (AN_A + "timeout_seconds = 3000000", "timeout_seconds has to be a whole number above 0"),
        (AN_A + "cron = '@hourly touch x; '", "job a: cron '@hourly touch x;' is none"),
        (AN_A + "cron = '@hourly\ttouch'", "job a: cron has to be one line of text"),
        (AN_A + "cron = '@never'", "job a: cron '@never' is none of @annually"),
        (AN_A + "cron = '# * * * *'", "job a: cron '#' is no field"),
        (AN_A + "cron = 'A=1 * * * *'", "job a: cron 'A=1' is no field"),
        (AN_A + "cron = '* * * * $(id)'", r"job a: cron '\$\(id\)' is no field"),
        (AN_A + "cron = '* * * * %'", "job a: cron '%' is no field"),
        (AN_A + "schedule = 'daily\\\\'", "job a: schedule may not end with a backslash"),
        (AN_A + "schedule = '%h'", "job a: schedule '%h' is no calendar of systemd"),
        (AN_A + 'schedule = "daily\\nUser=root"', "job a: schedule has to be one line of text"),
        (AN_A + 'schedule = "daily\\u2028x"', "job a: schedule has to be one line of text"),
        (AN_A + "description = 'a job\\\\'", "job a: description may not end with a backslash"),
        (AN_A + 'description = "a\\u001b[2J"', "job a: description has to be one line of text"),
        (AN_A + 'description = "a\\u202eb"', "job a: description has to be one line of text"),
        ('[[job]]\nname = "a"\nrun = ["scan", "a\\u0000b"]', "job a: run has to be a command"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_it(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        read_jobs(path)
    assert "\n" not in str(caught.value)
    assert "jobs.toml" in str(caught.value)


def test_only_named_jobs_run_and_an_unknown_name_is_said(jobs_file: Path) -> None:
    jobs = read_jobs(jobs_file)
    assert [job.name for job in choose(jobs, ("queries",), jobs_file)] == ["queries"]
    with pytest.raises(InputError, match=r"has no job 'x' \(it has: missing, queries\)"):
        choose(jobs, ("x",), jobs_file)


def test_units_run_one_job_each_and_may_write_only_in_its_folder(jobs_file: Path) -> None:
    units = systemd_units(read_jobs(jobs_file), jobs_file, ["/opt/a b/analyzer"])
    assert sorted(units) == ["analyzer-missing.service", "analyzer-missing.timer"]
    service = units["analyzer-missing.service"]
    folder = jobs_file.resolve().parent
    assert f'ExecStart="/opt/a b/analyzer" run {folder}/jobs.toml --only missing\n' in service
    assert f"ReadWritePaths={folder}\n" in service
    assert "OnCalendar=hourly\n" in units["analyzer-missing.timer"]


def test_a_crontab_line_is_a_command_that_a_shell_reads_back(jobs_file: Path) -> None:
    line = crontab(read_jobs(jobs_file), jobs_file, ["/opt/a b/100%/analyzer"]).rstrip("\n")
    assert line.startswith("*/15 * * * * ")
    words = shlex.split(line.removeprefix("*/15 * * * * ").replace(r"\%", "%"))
    file = str(jobs_file.resolve())
    assert words == ["/opt/a b/100%/analyzer", "run", file, "--only", "queries"]


@pytest.mark.parametrize(
    "calendar",
    [
        "hourly",
        "*-*-* *:00/15:00",
        "Mon..Fri *-*-* 09:00:00 America/New_York",
        "Sat,Thu,Mon..Wed 2025-*~01 Etc/GMT+5",
    ],
)
def test_a_calendar_of_systemd_is_taken_as_it_is(tmp_path: Path, calendar: str) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text(AN_A + f"schedule = '{calendar}'")
    units = systemd_units(read_jobs(path), path)
    assert f"OnCalendar={calendar}\n" in units["analyzer-a.timer"]


@pytest.mark.parametrize("line", ["@daily", "5,10 */2 1-7 JAN-MAR mon", "~ 3 * * 0"])
def test_a_line_of_cron_is_taken_as_it_is(tmp_path: Path, line: str) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text(AN_A + f"cron = '{line}'")
    assert crontab(read_jobs(path), path, ["analyzer"]).startswith(f"{line} analyzer run ")


def test_signs_that_units_read_as_more_than_text_are_doubled(tmp_path: Path) -> None:
    folder = tmp_path / "50% $HOME"
    folder.mkdir()
    path = folder / "jobs.toml"
    path.write_text(AN_A + "schedule = 'daily'\ndescription = 'of %h'\n")
    service = systemd_units(read_jobs(path), path, ["/opt/$x/analyzer"])["analyzer-a.service"]
    assert "Description=analyzer: of %%h\n" in service
    where = str(tmp_path.resolve())
    assert f"WorkingDirectory={where}/50%% $HOME\n" in service
    assert f'ReadWritePaths="{where}/50%% $HOME"\n' in service
    assert f'ExecStart=/opt/$x/analyzer run "{where}/50%% $$HOME/jobs.toml" --only a\n' in service


@pytest.mark.parametrize("name", ["a\nExecStartPre=x", "a\\", "a\x1b[2J", "a\\%b", " "])
@pytest.mark.parametrize("render", [systemd_units, crontab])
def test_a_folder_that_no_schedule_can_quote_is_refused(
    tmp_path: Path, name: str, render: Callable[..., object]
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / "jobs.toml"
    path.write_text(AN_A + "schedule = 'daily'\ncron = '@daily'")
    with pytest.raises(InputError, match="cannot quote the path") as caught:
        render(read_jobs(path), path)
    assert "\n" not in repr(caught.value.args[0].partition("quote the path")[2])


def test_the_command_lists_renders_runs_and_ends_with_the_digests_code(jobs_file: Path) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "analyzer", "run", str(jobs_file), *words],
            capture_output=True,
            text=True,
            check=False,
        )

    assert "queries  cron */15 * * * *: 50% of the work\n" in call("--list").stdout
    assert "analyzer query list  (at most 60 s)\n" in call("--dry-run").stdout
    assert "OnCalendar=hourly" in call("--render", "systemd", "--only", "missing").stdout
    target = jobs_file.with_name("digest.md")
    done = call("--digest", str(target))
    assert done.returncode == 2
    assert target.read_text().startswith("# 1 of 2 jobs failed: missing\n")
