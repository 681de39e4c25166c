"""Scans made by hand for tests of findings and reports: nothing in them comes from a chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Price, Prices
from analyzer.model.deployment import Deployment
from analyzer.model.rows import (
    AccountRow,
    BackstopKind,
    BackstopRow,
    CheckRow,
    ImplementationRow,
    JudgedRow,
    MarginRow,
    PositionRow,
    Proves,
    ReadRow,
    StatementLine,
    TotalRow,
)
from analyzer.protocols.base import Details
from analyzer.solvency.result import Completeness, ScanResult
from analyzer.solvency.verdicts import judge_account

E18 = 10**18
FUND = "0xF000000000000000000000000000000000000000"
MARKET = "0xE000000000000000000000000000000000000000"
BLOCK = BlockRef(
    number=1_234, hash="0x" + "ab" * 32, parent_hash="0x" + "cd" * 32, time=1_700_000_000
)


def account_id(number: int) -> str:
    """An address-like id."""
    return f"0x{number:040d}"


def judged(
    number: int,
    *,
    equity: int = 1_000,
    maintenance: int = 100,
    initial: int = 160,
    settled: int | None = None,
    account: str | None = None,
    verified: bool | None = True,
) -> JudgedRow:
    """A known account by whole units; liquidatable when equity < maintenance."""
    row = MarginRow(
        account_id=account or account_id(number),
        owner=account or account_id(number),
        equity_e18=equity * E18,
        margin_equity_e18=equity * E18,
        initial_margin_e18=initial * E18,
        maintenance_margin_e18=maintenance * E18,
        free_collateral_e18=(equity - initial) * E18,
        liquidatable=equity < maintenance,
        closable=maintenance > 0,
        collateral_liquidatable=False,
        settled_equity_e18=None if settled is None else settled * E18,
    )
    return replace(judge_account(row), verified=verified)


def unknown(number: int, reason: str = "pool.observe reverted: OLD") -> JudgedRow:
    """An account of which nothing may be said."""
    row = MarginRow(
        account_id=account_id(number),
        owner=account_id(number),
        equity_e18=None,
        margin_equity_e18=None,
        initial_margin_e18=None,
        maintenance_margin_e18=None,
        free_collateral_e18=None,
        liquidatable=None,
        closable=None,
        unknown_reason=reason,
    )
    return judge_account(row)


def position(number: int, *, blocked: str = "") -> PositionRow:
    """A long position of 2 units worth 200."""
    return PositionRow(
        account_id=account_id(number),
        market_id=MARKET,
        symbol="vETH",
        size_e18=2 * E18,
        open_notional_e18=-210 * E18,
        price_e18=100 * E18,
        value_e18=200 * E18,
        unrealized_pnl_e18=-10 * E18,
        pending_funding_e18=0,
        liquidatable_size_e18=None if blocked else 2 * E18,
        blocked=blocked,
    )


def check(number: int | None, *, equal: bool | None, field: str = "accountValue") -> CheckRow:
    """A comparison of one field with the Vault's view."""
    return CheckRow(
        account_id=None if number is None else account_id(number),
        market_id=None,
        contract="Vault.getAccountValue",
        field=field,
        expected="1000",
        actual=None if equal is None else ("1000" if equal else "1001"),
        equal=equal,
    )


def total(*, rebuilt: int | None = 100, on_chain: int | None = 100, allowed: int = 2) -> TotalRow:
    """A control total of the settlement token."""
    return TotalRow(
        name="usdc",
        identity="sum of balances = tokens held by the Vault",
        unit="raw USDC, 6 decimals",
        rebuilt=rebuilt,
        on_chain=on_chain,
        allowed=allowed,
        why="2 withdrawals floored",
        proves=Proves.ACCOUNTS,
    )


def price(status: str, price_e18: int | None = 100 * E18) -> Price:
    """The market's price, last updated 400 s before the block."""
    return Price(
        asset_id=MARKET,
        symbol="vETH",
        factor="ETH",
        price_e18=price_e18,
        status=status,
        source="AccountBalance mark price",
        updated_at=BLOCK.time - 400,
        detail="time-out 300 s",
    )


def backstop(order: int, capacity: int | None, account: str | None = FUND) -> BackstopRow:
    """A bounded layer of the waterfall, capacity in whole units."""
    capacity_e18 = None if capacity is None else capacity * E18
    kind = BackstopKind.FUND if account else BackstopKind.OWN_COLLATERAL
    return BackstopRow(order, f"layer {order}", account, capacity_e18, False, "rule", kind)


def implementation(status: str) -> ImplementationRow:
    """The code behind the Vault."""
    return ImplementationRow("vault", account_id(900), account_id(901), "0x" + "ee" * 32, status)


def statement_lines(number: int) -> list[StatementLine]:
    """Three lines of a statement."""
    who = account_id(number)
    return [
        StatementLine(who, "collateral", "USDC", 1_000_000_000, "raw USDC, 6 decimals", "logs"),
        StatementLine(
            who, "requirement", "maintenance margin", 100 * E18, "e18", "mulRatio(abs, mm)"
        ),
        StatementLine(who, "result", "account value", 1_000 * E18, "e18", "collateral + PnL"),
    ]


def details(**changes: object) -> Details:
    """Rows beside margin: three traders, one total that holds, one known implementation."""
    base = Details(
        accounts=[AccountRow(account_id(n), account_id(n), "trader", 1, 9, 3) for n in range(3)],
        collateral=[],
        positions=[position(0)],
        orders=[],
        markets=[],
        prices=[price("fresh")],
        totals=[total()],
        implementations=[implementation("known")],
        statements=statement_lines(0),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def clean_result(margin: Sequence[JudgedRow] | None = None, **changes: object) -> ScanResult:
    """A scan in which nothing is wrong; `changes` replace its fields."""
    rows = [judged(0), judged(1), judged(2)] if margin is None else list(margin)
    empty = np.zeros(len(rows) + 1, dtype=np.int64)
    ids = [row.margin.account_id for row in rows]
    values: dict[str, object] = {
        "scan_id": "0123456789abcdef",
        "deployment": Deployment("local", "perp-v2", 31_337, 1, {"vault": account_id(900)}),
        "block": BLOCK,
        "methodology": "1",
        "book": Book(ids, ids, [], empty, np.zeros(0, dtype=np.int32), [], None),
        "prices": Prices({MARKET: price("fresh")}),
        "margin": rows,
        "details": details(),
        "backstops": [backstop(1, 5, None), backstop(2, 300), backstop(3, 200)],
        "cautions": [],
        "completeness": Completeness(1, BLOCK.number, 50, 20, 21, 7),
        "verify_mode": "all",
        "verified_accounts": len(rows),
        "checks": [check(n, equal=True) for n in range(len(rows))],
        "reads": [ReadRow("rebuild", "Pool.slot0", 3, 3, 0, 0, "")],
    }
    return ScanResult(**{**values, **changes})  # type: ignore[arg-type]
