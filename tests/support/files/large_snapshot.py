"""A snapshot of many made-up accounts, with every kind of row that a report shows.

Nothing in it comes from a chain; its numbers are odd on purpose: unknown accounts, amounts far
beyond what the currency can be, ratios near one, names that try to be markup.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from scan_results import BLOCK, E18, backstop, check, clean_result, details, judged, price, unknown

from analyzer.findings import run_detectors
from analyzer.model.deployment import Deployment
from analyzer.model.rows import AccountRow, JudgedRow, StatementLine
from analyzer.model.scan_rows import RunFacts
from analyzer.runs.scanning.rows import snapshot_rows
from analyzer.solvency.result import ScanResult
from analyzer.store.snapshot import SCHEMA, write_snapshot

EVIL = "</script><img src=x onerror=alert(1)>\u202e"
"""A name that would run, load or turn the text around if it were not escaped."""
CASCADE = "c" * 16
_HUGE = 10**40
_SHOCKS = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)


def write_large(path: Path, accounts: int, *, name: str = "large", stress: bool = True) -> None:
    """Writes a snapshot of one deployment with so many accounts; the same one every time."""
    result = large_result(accounts, name=name)
    write_snapshot(path, {**_tables(result), **(_stress(result) if stress else {})})


def large_result(accounts: int, *, name: str = "large", scan_id: str = "a" * 16) -> ScanResult:
    """A scan of so many accounts with its findings."""
    rows = list(_accounts(accounts))
    ids = [row.margin.account_id for row in rows]
    lines = [line for account in ids for line in _statement(account)]
    result = clean_result(
        rows,
        scan_id=scan_id,
        deployment=Deployment(name, "perp-v2", 31_337, 1, {"vault": ids[-1]}, source=EVIL),
        verified_accounts=len(rows),
        checks=[check(n, equal=True) for n in range(50)],
        backstops=[backstop(1, 5, None), backstop(2, 300), backstop(3, None)],
        details=details(
            accounts=[AccountRow(a, a, "trader", 1, 9, 3) for a in ids],
            statements=lines,
            prices=[price("fresh"), price("stale", None)][:1],
        ),
    )
    result.findings = run_detectors(result)
    return result


def _accounts(count: int) -> Iterable[JudgedRow]:
    """Accounts with ratios around one; every 97th unknown, one of them huge, one of them evil."""
    dice = random.Random(7)
    for number in range(count):
        if number % 97 == 5:
            yield unknown(number, f"pool.observe reverted: OLD {number}")
            continue
        maintenance = int(10 ** dice.uniform(0, 6))
        equity = int(maintenance * dice.lognormvariate(1.2, 0.9)) - dice.choice((0, 0, 0, 90))
        if number == 11:
            equity, maintenance = _HUGE, _HUGE - 1
        account = EVIL if number == 3 else f"0x{dice.getrandbits(160):040x}"
        verified = None if number % 5 else True
        yield judged(number, equity=equity, maintenance=maintenance, initial=2 * maintenance,
                     account=account, verified=verified)  # fmt: skip


def _statement(account: str) -> list[StatementLine]:
    """A statement as long as a real one."""
    lines = []
    for number in range(28):
        source = f"logs to block {BLOCK.number}: PositionChanged, FundingPaymentSettled {EVIL}"
        lines.append(
            StatementLine(account, "position vETH", f"line {number}", number * E18, "e18", source)
        )
    return lines


def _tables(result: ScanResult) -> dict[str, Iterable[object]]:
    """The rows of a scan."""
    now = datetime(2026, 1, 1)
    facts = RunFacts("b" * 16, "rpc", "https://node.example/***", "sample", 1, now, now)
    rows = dict(snapshot_rows(facts, [result]))
    # A book that was made up has no state that its protocol could pack.
    del rows["books"]
    return rows


def _stress(result: ScanResult) -> dict[str, Iterable[object]]:
    """What stress and one cascade of three rounds left."""
    scan = {"scan_id": result.scan_id}
    venue = result.deployment.name
    ids = [row.margin.account_id for row in result.margin if row.margin.equity_e18 is not None]
    found: dict[str, list[Mapping[str, object]]] = {
        "contagion_runs": [{**scan, **_RUN, "deployments": json.dumps([venue])}],
        "stress_results": [
            *({**scan, **_result(n, shock)} for n, shock in enumerate(_SHOCKS)),
            {**scan, **_result(len(_SHOCKS), 0.7), "cascade_id": CASCADE, "scenario": "crash",
             "shock": None},
        ],
        "cascade_rounds": [{**scan, **_round(n)} for n in range(4)],
        "cascade_markets": [{**scan, **_MARKET}],
        "liquidation_wall": [
            {**scan, "ray": "all", "factor": factor, "level": level / 100, "accounts": level % 7,
             "value_usd": float(level * 1_000), "cumulative_usd": float(level * 9_000)}
            for level in range(50, 100, 5) for factor in ("ETH", EVIL)
        ],
    }  # fmt: skip
    edges, paths, victims = _graph(venue, ids)
    found["contagion_edges"] = [{**scan, **edge} for edge in edges]
    found["contagion_paths"] = [{**scan, **path} for path in paths]
    found["contagion_victims"] = [{**scan, **victim} for victim in victims]
    return {name: [_row(name, record) for record in records] for name, records in found.items()}


def _row(table: str, record: Mapping[str, object]) -> tuple[object, ...]:
    """A record in the order of the table's columns."""
    names = [column.name for column in SCHEMA[table].columns]
    assert set(record) == set(names), (table, set(record) ^ set(names))
    return tuple(record[name] for name in names)


_RUN: Mapping[str, object] = {
    "cascade_id": CASCADE,
    "scenario": "crash",
    "title": "ETH falls by 30 %, markets are thin",
    "source": "made up for tests",
    "verified": False,
    "notes": json.dumps(["depth is a guess"]),
    "order_name": "by size",
    "options": "{}",
    "shocks": json.dumps({"ETH": "0.7"}),
    "depth_multiplier": 0.02,
    "curves": json.dumps({"ETH": {"name": "constant product", "source": EVIL}}),
    "unmapped": json.dumps(["OP"]),
    "exhausted": json.dumps([]),
    "implausible": json.dumps([]),
    "unprofitable": json.dumps({}),
    "rounds": 3,
    "quiet": True,
    "ledger_closes": True,
    "amplification": json.dumps({"ETH": 1.2}),
    "not_applicable": "",
    "bad_debt_half_depth_e18": 9_000 * E18,
    "bad_debt_double_depth_e18": 4_000 * E18,
    "bad_debt_least_e18": 5_000 * E18,
    "bad_debt_least_order": "batch",
    "bad_debt_most_e18": 6_000 * E18,
    "bad_debt_most_order": "sequential",
}


_MARKET: Mapping[str, object] = {
    "cascade_id": CASCADE,
    "factor": "ETH",
    "against": "USDC",
    "depth_usd": 1_772_272.0,
    "curve": "constant product",
    "source": EVIL,
    "sold_e18": 70_000 * E18,
    "bought_e18": 3 * E18,
    "unsold_e18": 0,
    "unbought_e18": 12 * E18,
    "price_shocked": 0.7,
    "price_after": 0.64,
}


def _result(number: int, shock: float) -> dict[str, object]:
    """One step of a grid of shocks: the deeper, the worse."""
    depth = round((1 - shock) * 100)
    return {
        "cascade_id": f"{number:016x}",
        "scenario": "all",
        "shock": shock,
        "accounts": 9_900,
        "unknown": 103,
        "liquidatable_before": 10,
        "insolvent_before": 3,
        "bad_debt_before_e18": 100 * E18,
        "below_initial": None,
        "liquidatable": 10 + depth,
        "insolvent": 3 + depth,
        "bad_debt_static_e18": (100 + depth**2) * E18,
        "closed_accounts": depth,
        "closed_value_e18": depth * 10_000 * E18,
        "liquidatable_after": 0,
        "insolvent_after": depth,
        "bad_debt_after_e18": (100 + depth**3) * E18,
        "charged_e18": 100 * E18,
        "fund_before_e18": 300 * E18,
        "fund_left_e18": None,
        "uncovered_e18": max(0, depth**3 - 200) * E18,
        "amplification": 1 + depth / 10,
        "cover1_e18": depth * E18,
        "cover2_e18": 2 * depth * E18,
        "cover_owners": json.dumps([EVIL, "0xb"]),
        "bad_debt_static_market_e18": (100 + depth**2) * E18,
        "bad_debt_after_market_e18": (100 + depth**3) * E18,
    }


def _round(number: int) -> dict[str, object]:
    """One round of the cascade."""
    return {
        "cascade_id": CASCADE,
        "round": number,
        "step": 0,
        "closed_accounts": 3 * number,
        "closures": 4 * number,
        "closed_value_e18": number * 12_345 * E18,
        "bad_debt_e18": number * E18 // 3,
        "sold": json.dumps({"ETH": str(number * E18)}),
        "price_before": json.dumps({"ETH": "0.7"}),
        "price_after": json.dumps({"ETH": "0.68"}),
        "ledger": json.dumps({"accounts": str(-number), "fund": str(number)}),
        "ledger_closes": True,
    }


def _graph(
    venue: str, ids: list[str]
) -> tuple[list[dict[str, object]], list[dict[str, object]], list[dict[str, object]]]:
    """Edges, paths and victims: three rounds, each account hit by one of the round before."""
    nodes = [f"account:{venue}/{account}" for account in ids[:36]]
    fund = f"fund:{venue}/insurance fund"
    edges: list[dict[str, object]] = []
    paths: list[dict[str, object]] = []
    victims = [_victim(node, number) for number, node in enumerate(nodes)]
    victims.append(_victim(fund, 0, failed=False))
    victims.append(_victim(f"unsettled:{venue}", 1, failed=False))
    steps_to: dict[str, list[dict[str, object]]] = {}
    for number, node in enumerate(nodes):
        round_ = number // 12
        before = None if round_ == 0 else nodes[number - 12 - number % 2]
        start = "shock" if before is None else before
        step = {"round": round_, "from": start, "asset": "ETH", "to": node,
                "channel": "exogenous" if before is None else "price"}  # fmt: skip
        steps_to[node] = [*steps_to.get(start, []), step]
        end = {"round": round_ + 1, "from": node, "channel": "deficit", "asset": "", "to": fund}
        for route, victim in ((steps_to[node], node), ([*steps_to[node], end], fund)):
            paths.append(_path(len(paths) + 1, route, victim))
        for one in (step, end):
            edges.append(_edge(len(edges) + 1, one))
    return edges, paths, victims


def _edge(number: int, step: Mapping[str, object]) -> dict[str, object]:
    """A transmission."""
    return {
        "cascade_id": CASCADE, "edge_no": number, "round": step["round"],
        "from_node": step["from"], "channel": step["channel"], "asset": step["asset"],
        "to_node": step["to"], "amount_e18": number * E18,
    }  # fmt: skip


def _path(rank: int, steps: list[dict[str, object]], victim: str) -> dict[str, object]:
    """A path, the smaller the later."""
    return {
        "cascade_id": CASCADE, "rank": rank, "path_id": f"{rank:016x}", "victim": victim,
        "victim_failed": victim.startswith("account:"), "amount_e18": 10**24 // rank,
        "share_of_loss": 1 / rank, "steps": json.dumps(steps), "words": "",
    }  # fmt: skip


def _victim(node: str, number: int, *, failed: bool = True) -> dict[str, object]:
    """Somebody with a loss."""
    account = node.partition("/")[2] if failed else None
    return {
        "cascade_id": CASCADE, "node": node, "failed": failed, "account_id": account,
        "owner": account, "round": number // 12 + 1 if failed else None,
        "equity_before_e18": 5 * E18 if failed else None, "loss_e18": (number + 1) * 10**23,
        "deficit_e18": (number % 3) * 10**20 if failed else None,
        "closed_value_e18": 7 * E18 if failed else None, "listed_e18": 0, "rest_e18": 0,
        "offset_e18": 0,
    }  # fmt: skip
