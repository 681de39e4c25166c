"""Which place a setting comes from: environment before file before default."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.model.errors import InputError
from analyzer.runs.settings.resolve import Settings, file_words, load

TEXT = """\
deployments = ["a", "b"]
exclude = ["bad-oracle"]
[endpoints]
10 = ["env:OPT_RPC", "https://two.example"]
[folders]
data = "data"
deployments = "places"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "analyzer.toml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(**environment: str) -> Settings:
    return load(None, isolated=False, environment=environment)


@pytest.mark.usefixtures("folder")
def test_the_environment_comes_before_the_file_and_that_before_the_default() -> None:
    told = {one.key: (one.values, one.origin.kind) for one in settings().all()}
    assert told["exclude"] == (("bad-oracle",), "file")
    assert told["fail_on"] == (("high",), "default")
    other = settings(ANALYZER_EXCLUDE="x, y", ANALYZER_FAIL_ON="low")
    assert (other.names("exclude"), other.get("exclude").origin.variable) == (
        ("x", "y"),
        "ANALYZER_EXCLUDE",
    )
    assert other.get("fail_on").values == ("low",)
    assert other.names("detect") == ()


def test_isolated_reads_no_file_and_config_reads_another(folder: Path) -> None:
    assert load(None, isolated=True, environment={}).file is None
    assert settings(ANALYZER_ISOLATED="1").file is None
    other = folder / "other.toml"
    other.write_text("exclude = []")
    for found in (
        load(other, isolated=False, environment={"ANALYZER_CONFIG": "nowhere"}),
        settings(ANALYZER_CONFIG=str(other)),
    ):
        assert found.file is not None
        assert (found.file.path, found.file.found) == (other, False)
        assert found.names("deployments") == ()


@pytest.mark.usefixtures("folder")
def test_an_endpoint_of_the_environment_is_a_whole_url_and_never_shown() -> None:
    whole = settings(OPT_RPC="https://one.example/v3/secretsecret")
    assert whole.endpoints(10) == ("https://one.example/v3/secretsecret", "https://two.example")
    assert whole.endpoints(1) == ()
    with pytest.raises(InputError, match="line 4: the environment has no OPT_RPC"):
        settings().endpoints(10)
    with pytest.raises(InputError, match="has as OPT_RPC is no URL") as caught:
        settings(OPT_RPC="AKIA-not-a-url").endpoints(10)
    assert "AKIA" not in str(caught.value)


def test_files_that_nobody_names_lie_in_the_data_folder(folder: Path, tmp_path: Path) -> None:
    assert settings().place("scan.duckdb") == folder / "data" / "scan.duckdb"
    assert load(None, isolated=True, environment={}).place("scan.duckdb") is None
    (folder / "data").mkdir()
    (folder / "data" / "scan.duckdb").symlink_to(tmp_path.parent / "elsewhere.duckdb")
    with pytest.raises(InputError, match="leads out of"):
        settings().place("scan.duckdb")
    assert settings(ANALYZER_DATA="/srv").place("scan.duckdb") == Path("/srv/scan.duckdb")


def test_a_deployment_of_the_folder_is_found_by_name(folder: Path) -> None:
    (folder / "places").mkdir()
    (folder / "places" / "mine.toml").write_text("")
    assert settings().deployment("mine") == str(folder / "places" / "mine.toml")
    assert settings().deployment("perp-v2-optimism") == "perp-v2-optimism"
    assert settings().deployment("../mine") == "../mine"


@pytest.mark.usefixtures("folder")
def test_the_file_that_counts_is_said_with_its_keys_and_no_value() -> None:
    words = file_words(settings())
    assert words.endswith(
        "analyzer.toml: deployments, exclude, endpoints.10, folders.data, folders.deployments"
    )
    assert file_words(load(None, isolated=True, environment={})) == ""
