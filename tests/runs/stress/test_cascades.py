"""The identity of a cascade, from what a command gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.scenario import parse_shock
from analyzer.market.depth.choose import Chosen, DepthUsed
from analyzer.market.depth.impact import Exponential
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.stress.cascades import id_of_cascade


@dataclass(frozen=True)
class Named:
    """All that the identity asks of a scan."""

    scan_id: str


def test_a_cascade_keeps_its_identity_from_version_to_version() -> None:
    """printf '%s' '...' | sha256sum | cut -c1-16, with this text on one line:
    {"curves":{"ETH":"Exponential(depth_usd=2000000.0, source='a test')"},"depth":[{"factor":
    "ETH","kind":"exponential","origin":"file","source":"a test"}],"options":{"max_rounds":
    "10000","order":"book","rescued":[],"sequential":false,"visits":[]},"scans":
    ["1111111111111111","bbbbbbbbbbbbbbbb"],"scenario":{"betas":{},"default_owners":"0",
    "depth_multiplier":"1","depth_multipliers":{},"liquidators":{"auctions":
    "first that pays","capacity_usd":null,"gas_usd":"5","mode":"rational","required_return":"0"},
    "margin_spiral":null,"market_factor":null,"name":"shock","notes":[],
    "source":"the command line","stale":[],"steps":[{"liquidator_capacity":null,"prices_e18":{},
    "rounds_limit":null,"shocks":{"ETH":"7/10"}}],"title":"ETH -30 %","unverified":[],
    "venue":"","verified":true,"withdraw":false}}
    """
    chosen = Chosen(
        {"ETH": Exponential(2e6, source="a test")},
        (DepthUsed("ETH", "file", "exponential", "a test"),),
    )
    scans = cast(list[ScanBook], [Named("b" * 16), Named("1" * 16)])
    found = id_of_cascade(scans, parse_shock("ETH=-30%"), chosen, CascadeOptions())
    assert found == "75df3950daf4512a"


def test_options_that_differ_make_another_cascade() -> None:
    """The text of the test above, with "visits":[["bank","B"],["bank","A"]]."""
    chosen = Chosen(
        {"ETH": Exponential(2e6, source="a test")},
        (DepthUsed("ETH", "file", "exponential", "a test"),),
    )
    scans = cast(list[ScanBook], [Named("b" * 16), Named("1" * 16)])
    options = CascadeOptions(first=[("bank", "B"), ("bank", "A")])
    assert id_of_cascade(scans, parse_shock("ETH=-30%"), chosen, options) == "b764681ddd32b396"
