"""Events with published totals as tables of `analyzer book import`, made of the reference data"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = Mapping[str, object]


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Path:
    """A CSV file of these columns; what a row does not say is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def euler_v1(shared: Path, folder: Path) -> tuple[Path, Path, Path]:
    """Euler V1 after the exploit, half of its sub-accounts: (positions, prices, rules). What a
    sub-account deposited and staked of one token is one row; prices are in ETH."""
    data = shared / "data" / "euler_v1_2023"
    prices = json.loads((data / "prices_block_16818362.json").read_text())
    subs = json.loads((data / "sub_accounts_even.json").read_text())
    rows: list[Row] = []
    for sub in subs:
        about = {"account": sub["sub_address"], "owner": sub["account"]}
        for market in sub["markets"]:
            held = Decimal(market["eTokenBalanceUnderlying"])
            held += Decimal(market["stakedETokenBalanceUnderlying"])
            owed = Decimal(market["dTokenBalance"])
            asset = {"asset": market["underlying"]}
            if held or not owed:
                rows.append({**about, **asset, "kind": "collateral", "amount": f"{held:f}"})
            if owed:
                rows.append({**about, **asset, "kind": "debt", "amount": f"{owed:f}"})
    columns = ("account", "owner", "kind", "asset", "amount")
    positions = write_table(folder / "euler.csv", columns, rows)
    priced = [
        {"asset": token, "price": f"{Decimal(wei).scaleb(-18):f}", "decimals": 18}
        for token, wei in prices.items()
    ]
    given = write_table(folder / "euler_prices.csv", ("asset", "price", "decimals"), priced)
    rules = folder / "euler.toml"
    rules.write_text('unit = "ETH"\n[default]\nthreshold = 1\n')
    return positions, given, rules


def inverse_frontier(shared: Path, folder: Path) -> tuple[Path, Path, Path]:
    """Inverse Frontier on 2024-04-09: (positions, prices, rules). What is supplied and not entered
    has a threshold of 0 of its own."""
    name = "frontier_positions_snapshot_2024-04-09.json"
    data = json.loads((shared / "data" / "inverse_frontier_2024" / name).read_text())
    rows: list[Row] = []
    for account in data["positions"]:
        rows += _frontier_rows(account, data["markets"])
    columns = ("account", "kind", "asset", "amount", "threshold")
    positions = write_table(folder / "inverse.csv", columns, rows)
    markets = list(enumerate(data["markets"]))
    priced = [{"asset": market, "price": repr(data["prices"][n])} for n, market in markets]
    given = write_table(folder / "inverse_prices.csv", ("asset", "price"), priced)
    rules = folder / "inverse.toml"
    factors = [f'[asset."{m}"]\nthreshold = {data["collateralFactors"][n]}\n' for n, m in markets]
    rules.write_text('unit = "USD"\ntaken_at = "2024-04-09T13:13:12Z"\n' + "".join(factors))
    return positions, given, rules


def _frontier_rows(account: Mapping[str, Any], markets: Sequence[str]) -> list[Row]:
    """The rows of one account."""
    rows: list[Row] = []
    for kind, held in (("collateral", account["supplied"]), ("debt", account["borrowed"])):
        for one in held:
            entered = kind == "debt" or one["marketIndex"] in account["assetsIn"]
            rows.append(
                {
                    "account": account["account"],
                    "kind": kind,
                    "asset": markets[one["marketIndex"]],
                    "amount": repr(one["balance"]),
                    "threshold": "" if entered else "0",
                }
            )
    return rows
