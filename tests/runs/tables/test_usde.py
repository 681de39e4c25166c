"""The depeg of USDe on 2025-10-10: one venue's price against the pool's, on a table book."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_tables import Tables, run

OWED = (500, 700, 800, 900, 990)
"""USDT that each of five accounts owes on 1,000 USDe."""


@pytest.fixture
def depegged(shared: Path, tables: Tables) -> tuple[Tables, float]:
    """The five accounts at the pool's price, its depth, a scenario of the venue's lowest minute;
    and the lowest price."""
    data = shared / "data" / "usde_depeg_2025-10-10"
    lowest = min(pq.read_table(data / "usde_minute_binance.parquet").column("low").to_pylist())
    states = pq.read_table(data / "uniswap_usde.parquet").to_pylist()
    pool = states[-1]
    rows = "".join(
        f"a{n},collateral,USDe,1000\na{n},debt,USDT,{owed}\n" for n, owed in enumerate(OWED)
    )
    tables.write("positions.csv", f"account,kind,asset,amount\n{rows}")
    price = 1 / float(pool["token0Price"])
    tables.write("prices.csv", f"asset,price,decimals\nUSDe,{price:.12f},18\nUSDT,1,6\n")
    tables.write("rules.toml", "[default]\nthreshold = 0.92\nbonus = 0.02\n")
    # In range a pool's price moves by 2 x / L; USDe has 18 decimals and USDT 6.
    depth = int(pool["liquidity"]) / 10**12 / 2
    tables.write("depth.toml", f'[USDe]\nkind = "linear"\nusd_per_unit_ratio = {depth:.0f}\n')
    step = f"[[step]]\nprices = {{USDe = {lowest}}}\n"
    tables.write("depeg.toml", f'title = "USDe on one venue"\nsource = "minute low"\n{step}')
    return tables, lowest


def test_the_venue_s_price_and_the_pool_s_give_other_insolvencies(
    depegged: tuple[Tables, float],
) -> None:
    tables, lowest = depegged
    assert lowest == 0.65
    assert tables.book("--fail-on", "never").exit_code == 0
    words = ("--scenario", str(tables.folder / "depeg.toml"), "--json", "--fail-on", "never")
    depth = ("--depth", str(tables.folder / "depth.toml"), "--order-range", "never")
    done = run("stress", "--db", str(tables.db), *words, *depth)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    calm, fallen = (one["results"][0] for one in (document["baseline"], document["scenarios"][0]))
    assert calm["insolvent"] == 0
    # 1,000 USDe at 0.65 pay 650: who owes more lacks the rest.
    short = [owed - 650 for owed in OWED if owed > 650]
    assert fallen["insolvent"] == len(short) == 4
    assert fallen["bad_debt_static_e18"] == str(sum(short) * 10**18)
