"""Which curve is used: the file's, else the pool's, else the stated default; never a silent one."""

from __future__ import annotations

from analyzer.market.depth import Exponential, Linear, NoImpact
from analyzer.market.depth.choose import Chosen, DepthUsed, choose_curves
from analyzer.market.depth.file import DepthFile, PoolEntry
from analyzer.protocols.kit.unreadable import Unreadable

ETH, BTC = Exponential(1.0, "the file"), Linear(2.0, "the pool")
ENTRY = PoolEntry("0x" + "11" * 20, "0x" + "22" * 20, 1.0)


def default(factor: str) -> NoImpact:
    return NoImpact(f"default for {factor}")


def test_the_result_says_for_every_factor_what_was_used() -> None:
    chosen = choose_curves(
        ["ETH", "BTC", "LINK", "ETH"],
        DepthFile({"ETH": ETH, "UNI": ETH}, {}),
        {"BTC": BTC, "ETH": BTC},
        default,
    )
    assert chosen == Chosen(
        {"BTC": BTC, "ETH": ETH, "LINK": NoImpact("default for LINK")},
        (
            DepthUsed("BTC", "pool", "linear", "the pool"),
            DepthUsed("ETH", "file", "exponential", "the file"),
            DepthUsed("LINK", "default", "none", "default for LINK"),
        ),
    )
    assert chosen.unknown == ()


def test_a_pool_that_could_not_be_read_is_unknown_and_no_default() -> None:
    failed = Unreadable("Pool.tickBitmap(3)", "not in the recording")
    chosen = choose_curves(["CRV"], DepthFile({}, {"CRV": ENTRY}), {"CRV": failed}, default)
    row = DepthUsed("CRV", "unknown", "", "Pool.tickBitmap(3): not in the recording")
    assert (chosen.curves, chosen.used, chosen.unknown) == ({}, (row,), (row,))


def test_a_pool_that_the_file_names_and_nobody_read_is_unknown() -> None:
    chosen = choose_curves(["CRV"], DepthFile({}, {"CRV": ENTRY}))
    assert chosen.curves == {}
    assert chosen.unknown[0].source == f"Uniswap V3 pool {ENTRY.pool}: was not read"


def test_without_a_file_everything_has_the_stated_default() -> None:
    chosen = choose_curves(["ETH", "wat"])
    assert [row.origin for row in chosen.used] == ["default", "default"]
    assert all(row.source.startswith("default for ") for row in chosen.used)
