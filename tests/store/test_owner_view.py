"""The view of owners: sums over the scans of a run, shared collateral, unknowns, absurd amounts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.store import history_views
from analyzer.store.owner_view import total_sql
from analyzer.store.snapshot import open_snapshot, write_snapshot

E18 = 10**18
Rows = dict[str, list[tuple[object, ...]]]


def run_row(scan: str) -> tuple[object, ...]:
    return (scan, "r", "0", "rpc", "", "none", 0, None, None)


def scan_row(scan: str, protocol: str) -> tuple[object, ...]:
    return (
        scan, protocol, f"{protocol}-test", 10, "{}", "{}", "by hand", 7, "0xab", 99, "1",
        1, 0, 0, 0, 0, 1, 0, None, "none", 0, 0, 0, 0, 1, 2, 2, 3, 1, "[]",
        "solvent", "[]", "[]", "{}",
    )  # fmt: skip


def margin(
    scan: str, account: str, owner: str, verdict: str, equity: int | None, need: int | None
) -> tuple[object, ...]:
    headroom = None if equity is None or need is None else equity - need
    return (
        scan, account, owner, equity, equity, need, need, headroom, headroom, None, verdict, "why",
        None, None, None, "open", None,
    )  # fmt: skip


def collateral(
    scan: str, account: str, asset: str, amount: int, value: int | None
) -> tuple[object, ...]:
    return (scan, account, asset, asset.upper(), 18, amount, amount, E18, value, value, 10**6)


def price(scan: str, asset: str, factor: str) -> tuple[object, ...]:
    return (scan, asset, asset.upper(), factor, E18, "fresh", "by hand", None, "")


def owners(tmp_path: Path, rows: Rows) -> dict[str, dict[str, Any]]:
    """The rows of the view by owner."""
    path = tmp_path / "s.duckdb"
    both = {
        "runs": [run_row("a"), run_row("b")],
        "scans": [scan_row("a", "lend"), scan_row("b", "perp")],
    }
    write_snapshot(path, {**both, **rows})
    with open_snapshot(path) as snapshot:
        columns, found = snapshot.query("SELECT * FROM v_owners ORDER BY owner")
    return {row[columns.index("owner")]: dict(zip(columns, row, strict=True)) for row in found}


def test_an_owner_is_added_up_over_the_scans_of_the_run(tmp_path: Path) -> None:
    rows: Rows = {
        "margin": [
            margin("a", "ann", "ann", "healthy", 60 * E18, 40 * E18),
            margin("b", "1", "ann", "liquidatable", 5 * E18, 9 * E18),
            margin("b", "2", "ann", "healthy", 30 * E18, 0),
            margin("b", "3", "bob", "below_initial", 7, 5),
        ],
        "collateral": [
            collateral("a", "ann", "weth", 1, 100 * E18),
            collateral("a", "ann", "dai", 1, 3 * E18),
            collateral("b", "1", "veth", 1, 20 * E18),
            collateral("b", "1", "usdc", -1, -4 * E18),
            collateral("b", "2", "usdc", 1, 30 * E18),
        ],
        "prices": [price("a", "weth", "ETH"), price("b", "veth", "ETH"), price("a", "dai", "DAI")],
    }
    found = owners(tmp_path, rows)
    assert found["ann"] == {
        "run_id": "r",
        "chain_id": 10,
        "owner": "ann",
        "accounts": 3,
        "deployments": 2,
        "protocols": "lend, perp",
        "unknown_accounts": 0,
        "worst_verdict": "liquidatable",
        "equity": 95,
        # 103 - 60 of the loan, 20 - 5 of the negative balance and losses, nothing of the third.
        "debt": 58,
        "margin_equity": 95,
        "maintenance_margin": 49,
        "headroom": 46,
        "shared_collateral": 120,
        "shared_factors": "ETH",
        "out_of_range": False,
    }
    bob = found["bob"]
    assert (bob["accounts"], bob["deployments"], bob["protocols"]) == (1, 1, "perp")
    assert (bob["equity"], bob["headroom"]) == (Decimal("7e-18"), Decimal("2e-18"))
    assert (bob["worst_verdict"], bob["shared_collateral"], bob["debt"]) == ("below_initial", 0, 0)


def test_an_unknown_account_is_counted_and_leaves_no_sum(tmp_path: Path) -> None:
    rows: Rows = {
        "margin": [
            margin("a", "ann", "ann", "healthy", 60 * E18, 40 * E18),
            margin("b", "ann", "ann", "unknown", None, None),
            margin("a", "bob", "bob", "insolvent", -E18, 0),
            margin("b", "bob", "bob", "unknown", None, None),
        ]
    }
    found = owners(tmp_path, rows)
    assert [(o["accounts"], o["unknown_accounts"]) for o in found.values()] == [(2, 1), (2, 1)]
    assert [o["worst_verdict"] for o in found.values()] == ["unknown", "insolvent"]
    sums = ("equity", "debt", "margin_equity", "maintenance_margin", "headroom")
    assert {o[name] for o in found.values() for name in sums} == {None}
    assert {o["out_of_range"] for o in found.values()} == {False}


def test_shared_collateral_without_a_value_is_null_and_not_zero(tmp_path: Path) -> None:
    rows: Rows = {
        "margin": [
            margin("a", "ann", "ann", "healthy", 0, 0),
            margin("b", "ann", "ann", "healthy", 0, 0),
        ],
        "collateral": [
            collateral("a", "ann", "op", 1, None),
            collateral("b", "ann", "op", 1, E18),
        ],
    }
    [ann] = owners(tmp_path, rows).values()
    assert (ann["shared_collateral"], ann["shared_factors"]) == (None, "OP")
    assert (ann["debt"], ann["out_of_range"]) == (None, True)


def test_one_absurd_amount_breaks_no_sum_of_anybody_else(tmp_path: Path) -> None:
    absurd = [10**36, 2**126, 2**200, -(2**200)]
    rows: Rows = {
        "margin": [
            *(margin("a", f"x{n}", f"x{n}", "healthy", v, 0) for n, v in enumerate(absurd)),
            *(margin("b", f"x{n}", f"x{n}", "healthy", v, 0) for n, v in enumerate(absurd)),
            margin("a", "ann", "ann", "healthy", E18, 0),
        ],
        "collateral": [
            collateral("a", f"x{n}", "op", abs(v), abs(v)) for n, v in enumerate(absurd)
        ],
    }
    found = owners(tmp_path, rows)
    assert [(o["equity"], o["out_of_range"]) for o in found.values()] == [
        (1, False), (None, True), (None, True), (None, True), (None, True),
    ]  # fmt: skip


AMOUNTS = st.one_of(
    st.none(),
    st.integers(-(2**127) + 1, 2**127 - 1),
    st.sampled_from([10**38 - 1, 1 - 10**38, 10**38, 2**127 - 1, 1 - 2**127, 10**19, 10**19 - 1]),
    st.integers(-3, 3),
)


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=8))
@settings(deadline=None)
def test_a_sum_is_exact_or_null_whatever_the_amounts(amounts: list[int | None]) -> None:
    """Against Python's integers. A sum within ten of 38 digits is left out, too."""
    listed = ", ".join("(NULL)" if v is None else f"({v}::HUGEINT)" for v in amounts)
    with duckdb.connect() as connection:
        sql = f"SELECT {total_sql('x')} FROM (VALUES {listed}) t(x)"
        [(found,)] = connection.execute(sql).fetchall()
    known = [v for v in amounts if v is not None]
    if len(known) < len(amounts) or abs(sum(known)) > 10**38:
        assert found is None
    elif abs(sum(known)) < 10**38 - 2 * 10**19:
        assert found == sum(known)
    else:
        assert found in (None, sum(known))


def test_a_shortfall_that_does_not_fit_is_null_and_not_nothing() -> None:
    expression = next(sql for name, sql, _ in history_views._SERIES if name == "shortfall_e18")
    largest = 2**127 - 1
    with duckdb.connect() as connection:
        for debt, capacity, expected in (
            (largest, -largest, None), (5, 3, 2), (3, 5, 0), (0, None, 0), (3, None, None),
            (None, 3, None), (largest, 0, largest),
        ):  # fmt: skip
            values = ", ".join("NULL" if v is None else str(v) for v in (debt, capacity))
            sql = (
                f"SELECT {expression} FROM (SELECT h::HUGEINT AS hidden_bad_debt_e18,"
                f" c::HUGEINT AS capacity_e18 FROM (VALUES ({values})) t(h, c))"
            )
            assert connection.execute(sql).fetchall() == [(expected,)]
