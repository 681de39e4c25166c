"""A scan's result as rows of the snapshot's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from analyzer import __version__
from analyzer.findings.summary import summarize
from analyzer.model.integers import HUGEINT_MAX, INT256_MAX, INT256_MIN, UINT256_MOD, trunc_div
from analyzer.model.rows import CollateralRow, StatementLine
from analyzer.model.scan_rows import BookRow, RunFacts, ScanRow
from analyzer.model.verdict import Verdict
from analyzer.protocols.kit.book_codec import book_digest
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.protocols.registry import load_plug
from analyzer.runs.snapshot.statements import written_statements
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import headroom_e18
from analyzer.store.rows import Row
from analyzer.store.schema import Kind
from analyzer.store.snapshot import SCHEMA
from analyzer.store.tables import (
    accounts,
    backstops,
    books,
    cautions,
    certificates,
    collateral,
    findings,
    implementations,
    margin,
    markets,
    orders,
    positions,
    prices,
    proved_codes,
    proved_words,
    reads,
    runs,
    scans,
    silent_changes,
    statements,
    totals,
    verification,
)

_E18_DECIMALS = 18

Tables = dict[str, Iterable[Row]]


def snapshot_rows(run: RunFacts, results: Sequence[ScanResult]) -> dict[str, Iterable[Row]]:
    """The rows of every table, in the order of its columns; scans one after the other."""
    tables: dict[str, list[Iterable[Row]]] = {}
    for result in results:
        made_by = {"runs": [runs.to_row(run, result.scan_id, __version__)]}
        for name, rows in {**made_by, **scan_tables(result)}.items():
            tables.setdefault(name, []).append(rows)
    return {name: (row for part in parts for row in part) for name, parts in tables.items()}


def scan_tables(result: ScanResult) -> Tables:
    """The rows of one scan in every table that says nothing of a run.

    A number that no column can hold is NULL, which is: not known. Only a stranger's answers make
    one (a time of 2^256, a price at the bounds of a word brought to 18 decimals), and whoever
    depends on it is unknown already; one such number must not cost the whole snapshot.
    """
    tables = {
        "scans": [scans.to_row(_scan(result))],
        **_account_tables(result),
        **_market_tables(result),
        **_outcome_tables(result),
        **_proof_tables(result),
    }
    return {name: _that_fit(name, rows) for name, rows in tables.items()}


_RANGES = {
    Kind.COUNT: (-(2**63), 2**63 - 1),
    Kind.INTEGER: (-HUGEINT_MAX, HUGEINT_MAX),
    Kind.AMOUNT: (INT256_MIN, INT256_MAX),
    Kind.UNSIGNED: (0, UINT256_MOD - 1),
}
"""Kind of column -> the integers that it holds."""
_AT_ONCE = 4_096
"""So many rows are looked at together: almost all of them fit."""


def _that_fit(name: str, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of a table with NULL in the place of integers that its columns cannot hold."""
    bounded = [
        (place, *_RANGES[column.kind])
        for place, column in enumerate(SCHEMA[name].columns)
        if column.kind in _RANGES and not column.key
    ]
    remaining = iter(rows)
    while some := list(islice(remaining, _AT_ONCE)):
        columns = list(zip(*some, strict=True))
        if all(_all_between(columns[place], low, high) for place, low, high in bounded):
            yield from some
            continue
        for row in some:
            beyond = {
                place
                for place, low, high in bounded
                if row[place] is not None and not low <= row[place] <= high
            }
            yield tuple(None if place in beyond else value for place, value in enumerate(row))


def _all_between(values: Sequence[int | None], low: int, high: int) -> bool:
    """Whether every known value of a column lies between two bounds."""
    known = [value for value in values if value is not None]
    return not known or (low <= min(known) and max(known) <= high)


def _account_tables(result: ScanResult) -> Tables:
    """What each account has and owes."""
    key, details = result.scan_id, result.details
    return {
        "accounts": (accounts.to_row(row, key) for row in details.accounts),
        "margin": (
            margin.to_row(row, key, headroom_e18(row.margin))
            for row in (*result.margin, *result.own)
        ),
        "collateral": (collateral.to_row(row, key, _amount_e18(row)) for row in details.collateral),
        "positions": (positions.to_row(row, key) for row in details.positions),
        "orders": (orders.to_row(row, key) for row in details.orders),
        "statements": _statements(key, written_statements(result)),
    }


def _market_tables(result: ScanResult) -> Tables:
    """Markets, prices, backstops, control totals and the code behind it all."""
    key, details = result.scan_id, result.details
    return {
        "markets": (markets.to_row(row, key) for row in details.markets),
        "prices": (prices.to_row(price, key) for price in details.prices),
        "backstops": (backstops.to_row(row, key) for row in result.backstops),
        "totals": (totals.to_row(row, key) for row in details.totals),
        "implementations": (implementations.to_row(row, key) for row in details.implementations),
    }


def _outcome_tables(result: ScanResult) -> Tables:
    """What was compared, found and read."""
    key, changes = result.scan_id, result.details.silent_changes
    return {
        "verification": (
            verification.to_row(check, key, number) for number, check in enumerate(result.checks, 1)
        ),
        "findings": map(findings.to_row, result.findings),
        "reads": (reads.to_row(row, key) for row in result.reads),
        "silent_changes": (
            silent_changes.to_row(change, key, number) for number, change in enumerate(changes, 1)
        ),
        "cautions": (
            cautions.to_row(caution, key, number)
            for number, caution in enumerate(result.cautions, 1)
        ),
        "books": (books.to_row(row, key) for row in _book(result)),
    }


def _proof_tables(result: ScanResult) -> Tables:
    """What was proved; no rows where nobody asked."""
    if result.proofs is None:
        return {}
    key, proofs = result.scan_id, result.proofs
    return {
        "certificates": [certificates.to_row(proofs.certificate)],
        "proved_words": (
            proved_words.to_row(word, key, n) for n, word in enumerate(proofs.words, 1)
        ),
        "proved_codes": (
            proved_codes.to_row(code, key, n) for n, code in enumerate(proofs.codes, 1)
        ),
    }


def _book(result: ScanResult) -> Iterator[BookRow]:
    """The book, packed when it is asked for; a state that cannot be written leaves its reason."""
    try:
        packed = load_plug(result.deployment.protocol).pack(result.book)
    except CodecError as error:
        problem = f"the state of {result.deployment.protocol} cannot be kept: {error}"
        yield BookRow(result.methodology, None, problem, None)
        return
    yield BookRow(result.methodology, book_digest(packed), "", packed)


def _scan(result: ScanResult) -> ScanRow:
    """The scan in numbers."""
    extent, summary = result.completeness, summarize(result)
    verdicts = Counter(row.verdict for row in result.margin)
    not_compared = len(result.not_compared)
    return ScanRow(
        scan_id=result.scan_id,
        deployment=result.deployment,
        block=result.block,
        methodology=result.methodology,
        accounts=len(result.margin),
        unknown=verdicts[Verdict.UNKNOWN],
        insolvent=verdicts[Verdict.INSOLVENT],
        liquidatable=verdicts[Verdict.LIQUIDATABLE],
        below_initial=verdicts[Verdict.BELOW_INITIAL],
        healthy=verdicts[Verdict.HEALTHY],
        hidden_bad_debt_e18=summary.debt.at_prices_e18,
        hidden_bad_debt_settled_e18=summary.debt.by_contract_e18,
        verify_mode=result.verify_mode,
        verified_accounts=result.verified_accounts,
        checks=len(result.checks) - not_compared,
        mismatches=len(result.mismatches),
        not_compared=not_compared,
        logs=extent.logs,
        blocks_with_logs=extent.blocks_with_logs,
        headers=extent.headers,
        headers_linked=extent.headers_linked,
        log_doubts=extent.doubts,
        answer=summary.answer.value,
        caveats=tuple(summary.caveats),
        detectors_off=tuple(sorted(result.selection.off)),
        thresholds=dict(result.selection.least),
    )


def _amount_e18(row: CollateralRow) -> int:
    """A balance in 18 decimals; of a token of more, truncated toward zero."""
    if row.decimals <= _E18_DECIMALS:
        raised: int = row.amount * 10 ** (_E18_DECIMALS - row.decimals)
        return raised
    return trunc_div(row.amount, 10 ** (row.decimals - _E18_DECIMALS))


def _statements(key: str, lines: Iterable[StatementLine]) -> Iterator[Row]:
    """The rows of the table `statements`: lines numbered within their account."""
    last: Counter[str] = Counter()
    for line in lines:
        last[line.account_id] += 1
        yield statements.to_row(line, key, last[line.account_id])
