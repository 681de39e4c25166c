"""A scan's result as rows of the snapshot's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from analyzer import __version__
from analyzer.findings.summary import summarize
from analyzer.model.finding import Finding
from analyzer.model.integers import HUGEINT_MAX, INT256_MAX, INT256_MIN, UINT256_MOD, trunc_div
from analyzer.model.rows import CollateralRow, StatementLine
from analyzer.model.verdict import Verdict
from analyzer.protocols.kit.book_codec import book_digest
from analyzer.protocols.kit.state_coders import CodecError
from analyzer.protocols.registry import load_plug
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import headroom_e18
from analyzer.store.schema import Kind
from analyzer.store.snapshot import SCHEMA

_E18_DECIMALS = 18

Rows = Iterator[tuple[object, ...]]
Tables = dict[str, Iterable[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run says of itself. endpoint: masked, never with a key. Times have a zone."""

    run_id: str
    source: str
    endpoint: str
    verify_mode: str
    exit_code: int
    started_at: datetime
    finished_at: datetime


def _utc(moment: datetime) -> datetime:
    """A time as a TIMESTAMP column has it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def snapshot_rows(
    run: RunFacts, results: Sequence[ScanResult]
) -> dict[str, Iterable[Sequence[object]]]:
    """The rows of every table, in the order of its columns; scans one after the other."""
    tables: dict[str, list[Iterable[tuple[object, ...]]]] = {}
    for result in results:
        for name, rows in _scan_rows(run, result).items():
            tables.setdefault(name, []).append(rows)
    return {name: (row for part in parts for row in part) for name, parts in tables.items()}


def _scan_rows(run: RunFacts, result: ScanResult) -> Tables:
    """The rows of one scan, and of the run that made it."""
    own: Tables = {
        "runs": [
            (result.scan_id, run.run_id, __version__, run.source, run.endpoint, run.verify_mode,
             run.exit_code, _utc(run.started_at), _utc(run.finished_at))
        ],
    }  # fmt: skip
    return {**own, **scan_tables(result)}


def scan_tables(result: ScanResult) -> Tables:
    """The rows of one scan in every table that says nothing of a run.

    A number that no column can hold is NULL, which is: not known. Only a stranger's answers make
    one (a time of 2^256, a price at the bounds of a word brought to 18 decimals), and whoever
    depends on it is unknown already; one such number must not cost the whole snapshot.
    """
    tables = {
        "scans": [_scan(result)],
        **_account_tables(result),
        **_market_tables(result),
        **_outcome_tables(result),
    }
    return {name: _that_fit(name, rows) for name, rows in tables.items()}


_RANGES = {
    Kind.COUNT: (-(2**63), 2**63 - 1),
    Kind.INTEGER: (-HUGEINT_MAX, HUGEINT_MAX),
    Kind.AMOUNT: (INT256_MIN, INT256_MAX),
    Kind.UNSIGNED: (0, UINT256_MOD - 1),
}
"""Kind of column -> the integers that it holds."""


def _that_fit(name: str, rows: Iterable[tuple[object, ...]]) -> Rows:
    """The rows of a table with NULL in the place of integers that its columns cannot hold."""
    table = SCHEMA[name]
    ranges = [None if column.key else _RANGES.get(column.kind) for column in table.columns]
    for row in rows:
        yield tuple(
            value
            if bounds is None or not isinstance(value, int) or bounds[0] <= value <= bounds[1]
            else None
            for value, bounds in zip(row, ranges, strict=True)
        )


def _account_tables(result: ScanResult) -> Tables:
    """What each account has and owes."""
    key, details = result.scan_id, result.details
    return {
        "accounts": (
            (key, r.account_id, r.owner, r.kind, r.first_block, r.last_block, r.events)
            for r in details.accounts
        ),
        "margin": _margin(result),
        "collateral": (_collateral(key, row) for row in details.collateral),
        "positions": (
            (key, r.account_id, r.market_id, r.symbol, r.size_e18, r.open_notional_e18,
             r.price_e18, r.value_e18, r.unrealized_pnl_e18, r.pending_funding_e18,
             r.liquidatable_size_e18, r.blocked)
            for r in details.positions
        ),
        "orders": (
            (key, r.account_id, r.market_id, r.order_id, r.lower_tick, r.upper_tick,
             r.liquidity, r.base_debt_e18, r.quote_debt_e18, r.base_amount_e18,
             r.quote_amount_e18, r.pending_fee_e18)
            for r in details.orders
        ),
        "statements": _statements(key, details.statements),
    }  # fmt: skip


def _market_tables(result: ScanResult) -> Tables:
    """Markets, prices, backstops, control totals and the code behind it all."""
    key, details = result.scan_id, result.details
    return {
        "markets": (
            (key, r.market_id, r.symbol, r.factor, r.status, r.mark_price_e18,
             r.index_price_e18, r.reference_price_e18, r.open_interest_long_e18,
             r.open_interest_short_e18, r.initial_margin_ratio_e6, r.maintenance_margin_ratio_e6)
            for r in details.markets
        ),
        "prices": (
            (key, p.asset_id, p.symbol, p.factor, p.price_e18, p.status, p.source,
             p.updated_at, p.detail)
            for p in details.prices
        ),
        "backstops": (
            (key, r.order, r.name, r.account_id, r.capacity_e18, r.unlimited, r.rule,
             r.kind.value, r.voluntary, r.asset_id)
            for r in result.backstops
        ),
        "totals": (
            (key, r.name, r.identity, r.unit, r.rebuilt, r.on_chain, r.difference, r.allowed,
             r.why, r.surplus_ok, r.holds, r.proves.value)
            for r in details.totals
        ),
        "implementations": (
            (key, r.role, r.address, r.implementation, r.code_hash, r.status, r.note)
            for r in details.implementations
        ),
    }  # fmt: skip


def _outcome_tables(result: ScanResult) -> Tables:
    """What was compared, found and read."""
    key = result.scan_id
    return {
        "verification": (
            (key, n, c.account_id, c.market_id, c.contract, c.field, c.expected, c.actual,
             c.equal, c.note)
            for n, c in enumerate(result.checks, 1)
        ),
        "findings": (finding_row(finding) for finding in result.findings),
        "reads": (
            (key, r.purpose, r.what, r.requested, r.values, r.reverted, r.not_read, r.example)
            for r in result.reads
        ),
        "silent_changes": (
            (key, n, c.kind, c.account_id, c.market_id, c.detail)
            for n, c in enumerate(result.details.silent_changes, 1)
        ),
        "cautions": (
            (key, n, c.kind, c.account_id, c.market_id, c.text, _amounts(c.amounts),
             _json(c.evidence))
            for n, c in enumerate(result.cautions, 1)
        ),
        "books": _book(result),
    }  # fmt: skip


def _book(result: ScanResult) -> Rows:
    """The row of the table `books`; a state that cannot be written leaves its reason there."""
    try:
        packed = load_plug(result.deployment.protocol).pack(result.book)
    except CodecError as error:
        problem = f"the state of {result.deployment.protocol} cannot be kept: {error}"
        yield result.scan_id, result.methodology, None, problem, None
        return
    yield result.scan_id, result.methodology, book_digest(packed), "", packed


def finding_row(f: Finding) -> tuple[object, ...]:
    """The row of the table `findings` of one finding."""
    return (
        f.scan_id,
        f.fingerprint,
        f.detector,
        f.severity.label,
        int(f.severity),
        f.account_id,
        f.market,
        f.title,
        _amounts(f.amounts),
        _json(f.evidence),
    )


def _scan(result: ScanResult) -> tuple[object, ...]:
    """The row of the table `scans`."""
    deployment, block, extent = result.deployment, result.block, result.completeness
    verdicts = Counter(row.verdict for row in result.margin)
    summary = summarize(result)
    debt = summary.debt
    not_compared = len(result.not_compared)
    return (
        result.scan_id,
        deployment.protocol,
        deployment.name,
        deployment.chain_id,
        _json(deployment.contracts),
        _json(deployment.factors),
        deployment.source,
        block.number,
        block.hash,
        block.time,
        result.methodology,
        len(result.margin),
        *(
            verdicts[verdict]
            for verdict in (
                Verdict.UNKNOWN,
                Verdict.INSOLVENT,
                Verdict.LIQUIDATABLE,
                Verdict.BELOW_INITIAL,
                Verdict.HEALTHY,
            )
        ),
        debt.at_prices_e18,
        debt.by_contract_e18,
        result.verify_mode,
        result.verified_accounts,
        len(result.checks) - not_compared,
        len(result.mismatches),
        not_compared,
        deployment.from_block,
        extent.logs,
        extent.blocks_with_logs,
        extent.headers,
        extent.headers_linked,
        orjson.dumps(extent.doubts).decode(),
        summary.answer.value,
        orjson.dumps(summary.caveats).decode(),
    )


def _margin(result: ScanResult) -> Rows:
    """The rows of the table `margin`."""
    for row in result.margin:
        m = row.margin
        yield (
            result.scan_id,
            m.account_id,
            m.owner,
            m.equity_e18,
            m.margin_equity_e18,
            m.initial_margin_e18,
            m.maintenance_margin_e18,
            m.free_collateral_e18,
            headroom_e18(m),
            m.settled_equity_e18,
            row.verdict.value,
            row.reason,
            m.liquidatable,
            m.closable,
            m.collateral_liquidatable,
            m.status,
            row.verified,
        )


def _collateral(key: str, row: CollateralRow) -> tuple[object, ...]:
    """One row of the table `collateral`."""
    if row.decimals <= _E18_DECIMALS:
        amount_e18 = row.amount * 10 ** (_E18_DECIMALS - row.decimals)
    else:
        amount_e18 = trunc_div(row.amount, 10 ** (row.decimals - _E18_DECIMALS))
    return (
        key,
        row.account_id,
        row.asset_id,
        row.symbol,
        row.decimals,
        row.amount,
        amount_e18,
        row.price_e18,
        row.value_e18,
        row.margin_value_e18,
        row.weight_e6,
    )


def _statements(key: str, lines: Iterable[StatementLine]) -> Rows:
    """The rows of the table `statements`: lines numbered within their account."""
    last: Counter[str] = Counter()
    for line in lines:
        last[line.account_id] += 1
        yield (
            key,
            line.account_id,
            last[line.account_id],
            line.section,
            line.label,
            line.amount,
            line.unit,
            line.source,
        )


def _amounts(amounts: Mapping[str, int]) -> str:
    """Amounts as a JSON object of decimal strings: exact in any reader."""
    return _json({name: str(value) for name, value in amounts.items()})


def _json(values: Mapping[str, str]) -> str:
    """A JSON object with sorted keys."""
    return orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS).decode()
