"""Every TOML file that a user may write, with anything in it: read, or refused in one line that
names the file. Nothing else is ever raised."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toml_values import ODD, document, tables, values

from analyzer.contagion.scenario import load_scenario
from analyzer.market.depth.file import load_depth
from analyzer.model.errors import InputError
from analyzer.runs.scanning.deployments import read_deployment
from analyzer.runs.schedule.alerts_file import read_alerts
from analyzer.runs.schedule.jobs_file import read_jobs
from analyzer.runs.triage.file import read_triage

ADDRESS = "0x" + "11" * 20
KINDS: dict[str, tuple[Callable[[Path], object], dict[str, Any]]] = {
    "deployment": (
        read_deployment,
        {"name": "a", "protocol": "bank", "chain_id": 1, "from_block": 0,
         "contracts": {"registry": ADDRESS}, "factors": {"COIN": "ETH"}, "source": "mine"},
    ),
    "jobs": (
        read_jobs,
        {"defaults": {"timeout_seconds": 5},
         "job": [{"name": "a", "run": "scan", "schedule": "daily", "cron": "@daily",
                  "env_file": "e", "failure": ["input"],
                  "description": "d"}]},
    ),
    "scenario": (
        lambda path: load_scenario(str(path)),
        {"title": "t", "source": "s", "venue": "v", "unverified": ["u"], "notes": ["n"],
         "depth": 1, "market_factor": "ETH", "stale": ["ETH"], "withdraw": True,
         "default_owners": 2, "betas": {"BTC": 1}, "margin_spiral": {"cap": 2, "decay": 1},
         "step": [{"shocks": {"ETH": "-30%"}, "prices": {"0xaa": 5}, "liquidators": 1,
                   "rounds": 3}]},
    ),
    "triage": (
        lambda path: read_triage(path, named=True),
        {"accepted": [{"fingerprint": "0" * 16, "reason": "r", "author": "a",
                       "date": date(2025, 1, 1), "severity": "high",
                       "up_to": {"x": "5"}, "chain_id": 1, "deployment": "d"}]},
    ),
    "alerts": (
        lambda path: read_alerts(path, {}),
        {"channels": ["json://x"], "min_severity": "high", "cooldown_seconds": 5,
         "heartbeat_seconds": 5, "max_findings": 5},
    ),
    "depth": (
        load_depth,
        {"ETH": {"kind": "cont-schaanning", "daily_volume_usd": 5e8, "daily_volatility": 0.04,
                 "coefficient": 0.3, "floor": 0, "horizon_days": 1, "source": "s"},
         "BTC": {"kind": "order-book", "bids": [[0.9, 1]], "asks": [[1.1, 1]]},
         "UNI": {"kind": "uniswap-v2", "pool": ADDRESS, "asset": ADDRESS, "quote_usd": 2}},
    ),
}  # fmt: skip
"""What each kind of file may say, all of it at once."""


def read_or_refuse(read: Callable[[Path], object], path: Path, text: str) -> str:
    """What the reader complains of; empty when it takes the file."""
    path.write_text(text, encoding="utf-8")
    try:
        read(path)
    except InputError as error:
        said = str(error)
        assert path.name in said
        assert "\n" not in said
        assert len(said) < 500 + len(str(path))
        return said
    return ""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_whole_file_is_taken(kind: str, tmp_path: Path) -> None:
    read, whole = KINDS[kind]
    assert read_or_refuse(read, tmp_path / "mine.toml", document(whole)) == ""


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("odd", ODD, ids=[str(odd)[:12] for odd in ODD])
def test_an_odd_value_at_any_place_is_taken_or_refused(
    kind: str, odd: object, tmp_path: Path
) -> None:
    read, whole = KINDS[kind]
    for place in places(whole):
        read_or_refuse(read, tmp_path / "mine.toml", document(replaced(whole, place, odd)))


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_at_any_place_is_taken_or_refused(
    kind: str, tmp_path: Path, data: st.DataObject
) -> None:
    read, whole = KINDS[kind]
    place = data.draw(st.sampled_from(places(whole)))
    names = sorted({str(key) for where in places(whole) for key in where if isinstance(key, str)})
    put = data.draw(values() | tables(*names))
    read_or_refuse(read, tmp_path / "mine.toml", document(replaced(whole, place, put)))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_wrong_type_names_file_and_key(kind: str, tmp_path: Path) -> None:
    read, whole = KINDS[kind]
    for place in places(whole):
        if place[-1] == "date":
            continue
        said = read_or_refuse(
            read, tmp_path / "mine.toml", document(replaced(whole, place, ODD[8]))
        )  # a date, which no key but those of triage take
        names = [key for key in place if isinstance(key, str)]
        assert any(re.search(rf"\b{re.escape(name)}\b", said) for name in names), (place, said)


def places(value: object) -> list[tuple[str | int, ...]]:
    """Where a value can stand: the way to every one within."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [(key, *rest) for key, inner in items for rest in ((), *places(inner))]


def replaced(value: Any, place: tuple[str | int, ...], put: object) -> Any:
    """The same with something else at one place."""
    if not place:
        return put
    key, *rest = place
    inner = replaced(value[key], tuple(rest), put)
    if isinstance(value, dict):
        return {**value, key: inner}
    return [*value[:key], inner, *value[key + 1 :]]  # type: ignore[operator, misc]
