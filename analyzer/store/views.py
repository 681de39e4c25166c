"""The readable views of a snapshot: amounts as exact decimals, one flag where one has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from analyzer.model.rows import NOT_BORROWABLE
from analyzer.store.owner_view import V_OWNERS, counted_sql
from analyzer.store.schema import View, quoted

ViewColumn: TypeAlias = tuple[str, str, str]

_OUT_OF_RANGE = (
    "true = an amount of the row has no DECIMAL(38,18) (1e20 or more) and is NULL here; the table"
    " holds it exactly."
)


def decimal_sql(column: str) -> str:
    """An 18-decimal HUGEINT as DECIMAL(38,18), exact; NULL where it does not fit.

    TRY_CAST, so that one absurd balance never breaks a query.
    """
    return f"TRY_CAST({column} AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18)"


def out_of_range_sql(columns: Sequence[str]) -> str:
    """Whether any of these columns holds a value that `decimal_sql` has to leave out."""
    parts = []
    for column in columns:
        alias, name = column.split(".")
        wide = f"{alias}.{quoted(name.strip(chr(34)) + '_overflow')} IS NOT NULL"
        narrow = f"({column} IS NOT NULL AND TRY_CAST({column} AS DECIMAL(38,0)) IS NULL)"
        parts.append(f"{wide} OR {narrow}")
    return "(" + " OR ".join(parts) + ")"


def _amounts(alias: str, columns: Sequence[tuple[str, str]]) -> list[ViewColumn]:
    """Columns (`x_e18`, comment) as decimals named `x`, and their common flag."""
    stored = [f"{alias}.{name}" for name, _ in columns]
    shown: list[ViewColumn] = [
        (name.removesuffix("_e18"), decimal_sql(source), comment)
        for source, (name, comment) in zip(stored, columns, strict=True)
    ]
    return [*shown, ("out_of_range", out_of_range_sql(stored), _OUT_OF_RANGE)]


def _without_infinities(columns: Sequence[ViewColumn]) -> list[ViewColumn]:
    """The amounts of margin, a requirement that is no amount left out, and a flag that says so."""
    marked = f"coalesce(instr(m.reason, '{NOT_BORROWABLE}') > 0, false)"
    out: list[ViewColumn] = []
    for name, source, comment in columns:
        if name in _REQUIREMENTS:
            large = f"abs(m.{name}_e18) >= {10**35}::HUGEINT"
            source = f"CASE WHEN NOT ({marked} AND {large}) THEN {source} END"
        out.append((name, source, comment))
    what = "true = a requirement is no amount, because a balance may not be borrowed, and is NULL."
    return [*out, ("not_borrowable", marked, what)]


_REQUIREMENTS = ("initial_margin", "maintenance_margin", "free_collateral", "headroom")


def _plain(alias: str, columns: Sequence[tuple[str, str]]) -> list[ViewColumn]:
    """Columns as they are."""
    return [(name, f"{alias}.{name}", comment) for name, comment in columns]


_WHERE: list[ViewColumn] = [
    ("scan_id", "s.scan_id", "The scan."),
    ("deployment", "s.deployment", "Name of the deployment."),
    ("block_number", "s.block_number", "The block."),
]
_UNIT = " In the settlement currency."
_MARGIN_AMOUNTS = (
    ("equity_e18", "Everything at reference prices, no haircut." + _UNIT),
    ("margin_equity_e18", "What margin is counted on." + _UNIT),
    ("initial_margin_e18", "What opening risk requires." + _UNIT),
    ("maintenance_margin_e18", "Below this the account is liquidated." + _UNIT),
    ("free_collateral_e18", "margin equity - initial margin." + _UNIT),
    ("headroom_e18", "margin equity - maintenance margin." + _UNIT),
)

V_ACCOUNTS = View(
    "v_accounts",
    "Accounts with their verdict and main numbers; without the protocol's own, which the table"
    " `margin` has. One row per scan and account.",
    (
        *_WHERE,
        ("account_id", "a.account_id", "The account."),
        ("owner", "a.owner", "Address that owns it."),
        ("kind", "a.kind", "`trader`, `maker`, `insurance_fund`, ..."),
        ("verdict", "m.verdict", "The verdict."),
        ("reason", "m.reason", "Why."),
        ("verified", "m.verified", "true = as the contract says; NULL = not compared."),
        *_amounts("m", (_MARGIN_AMOUNTS[0], _MARGIN_AMOUNTS[4], _MARGIN_AMOUNTS[5])),
        ("events", "a.events", "Logs that name it."),
        ("last_block", "a.last_block", "Block of its last log."),
    ),
    "accounts a JOIN scans s USING (scan_id) LEFT JOIN margin m USING (scan_id, account_id)"
    f" WHERE {counted_sql('m')}",
)

V_MARGIN = View(
    "v_margin",
    "Margin in the settlement currency; without the protocol's own accounts, and without"
    " requirements that are no amounts. One row per scan and account.",
    (
        *_WHERE,
        *_plain("m", (("account_id", "The account."), ("owner", "Address that owns it."))),
        *_without_infinities(_amounts("m", _MARGIN_AMOUNTS)),
        *_plain(
            "m",
            (
                ("verdict", "The verdict."),
                ("reason", "Why."),
                ("collateral_liquidatable", "The protocol's test for seizing collateral."),
                ("status", "`open`, `blocked`, ..."),
                ("verified", "true = as the contract says; NULL = not compared."),
            ),
        ),
    ),
    f"margin m JOIN scans s USING (scan_id) WHERE {counted_sql('m')}",
)

V_POSITIONS = View(
    "v_positions",
    "Positions in whole units. One row per scan, account and market.",
    (
        *_WHERE,
        *_plain(
            "p",
            (
                ("account_id", "The account."),
                ("market_id", "The market."),
                ("symbol", "Its symbol."),
            ),
        ),
        *_amounts(
            "p",
            (
                ("size_e18", "Net size, signed."),
                ("open_notional_e18", "Quote received (positive) or paid." + _UNIT),
                ("price_e18", "Reference price." + _UNIT),
                ("value_e18", "Size at that price, signed." + _UNIT),
                ("unrealized_pnl_e18", "Unrealized PnL." + _UNIT),
                ("pending_funding_e18", "Funding not yet settled; positive = pays." + _UNIT),
                ("liquidatable_size_e18", "What would be closed at most now; NULL = see blocked."),
            ),
        ),
        ("blocked", "p.blocked", "Why it cannot be closed now."),
    ),
    "positions p JOIN scans s USING (scan_id)",
)

V_COLLATERAL = View(
    "v_collateral",
    "Collateral in whole units. One row per scan, account and asset.",
    (
        *_WHERE,
        *_plain(
            "c",
            (("account_id", "The account."), ("asset_id", "The token."), ("symbol", "Its symbol.")),
        ),
        *_amounts(
            "c",
            (
                ("amount_e18", "Balance in whole tokens, signed."),
                ("price_e18", "Reference price of a token." + _UNIT),
                ("value_e18", "Amount at that price." + _UNIT),
                ("margin_value_e18", "What of it counts as margin." + _UNIT),
            ),
        ),
        ("weight_e6", "c.weight_e6", "The ratio that is counted, parts per million."),
    ),
    "collateral c JOIN scans s USING (scan_id)",
)

V_FINDINGS = View(
    "v_findings",
    "Findings, the worst first. One row per scan and finding.",
    (
        *_WHERE,
        *_plain(
            "f",
            (
                ("severity", "How bad."),
                ("detector", "Which detector."),
                ("account_id", "Account; NULL = the deployment as a whole."),
                ("market", "Market; NULL = none."),
                ("title", "One line."),
                ("amounts", "Name with unit -> exact integer as text, a JSON object."),
                ("evidence", "Name -> text that leads back to the chain, a JSON object."),
                ("fingerprint", "Its identity from run to run."),
            ),
        ),
    ),
    "findings f JOIN scans s USING (scan_id)"
    " ORDER BY f.severity_rank DESC, f.detector, f.account_id, f.market",
)

VIEWS: tuple[View, ...] = (
    V_ACCOUNTS, V_MARGIN, V_OWNERS, V_POSITIONS, V_COLLATERAL, V_FINDINGS,
)  # fmt: skip
"""Every view of a snapshot."""
