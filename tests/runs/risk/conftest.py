"""The demo's snapshot with a made-up price history, and the profile of one of its deployments."""

from __future__ import annotations

from pathlib import Path

import pytest
from price_history import STABLE, write_history

from analyzer.documents.risk import RiskDocument
from analyzer.runs.risk import profile as module
from analyzer.runs.risk.inputs import RiskOptions
from analyzer.runs.risk.profile import profile

LISTED = 4
"""Accounts that the profile of a protocol lists here: each is a simulation."""


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


@pytest.fixture(scope="session")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A price history of all that moves in the demo."""
    return write_history(tmp_path_factory.mktemp("prices") / "prices.csv")


@pytest.fixture(scope="session")
def protocol(
    demo_snapshot: Path, prices: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RiskDocument, Path]:
    """The profile of the demo's Aave market, and the snapshot with its rows."""
    out = tmp_path_factory.mktemp("risk") / "out.duckdb"
    options = RiskOptions(
        demo_snapshot, "protocol", "aave-v3-devnet-7", prices, still=STABLE, out=out
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TOP", LISTED)
        return profile(options, lambda *_: None).document, out
