"""A scan of a snapshot as a result again, so that what is shown later is what the scan showed.

snapshot ──▶ ScanResult ──▶ summary, document, report

What an account holds (positions, collateral, orders, statements) stays in the snapshot: it is read
where it is needed, and such a result has none of it but the sum of the deposits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from analyzer.findings.scale import funds_of, sum_deposits
from analyzer.model.book import Asset, LegKind, Prices, make_book
from analyzer.model.certificate import Proofs
from analyzer.model.rows import OWN_STATUSES
from analyzer.model.scan_rows import ScanRow
from analyzer.protocols.base import Details
from analyzer.solvency.result import Completeness, ScanResult, Sum
from analyzer.store.overflow256 import join
from analyzer.store.reader import Snapshot
from analyzer.store.schema import Table
from analyzer.store.tables import (
    accounts,
    backstops,
    cautions,
    certificates,
    findings,
    implementations,
    margin,
    markets,
    prices,
    proved_codes,
    proved_words,
    reads,
    silent_changes,
    totals,
    verification,
)

_T = TypeVar("_T")


def scan_result(snapshot: Snapshot, scan: ScanRow) -> ScanResult:
    """One scan with all that was found. Its book names the priced assets and holds no legs.

    Raises: ValueError, LookupError, TypeError, AttributeError for rows that analyzer does not
    write.
    """

    def listed(table: Table, from_row: Callable[[Sequence[Any]], _T]) -> list[_T]:
        return [from_row(row) for row in snapshot.rows(table, scan.scan_id, as_written=True)]

    judged = listed(margin.TABLE, margin.from_row)
    priced = listed(prices.TABLE, prices.from_row)
    assets = [Asset(p.asset_id, p.symbol, LegKind.COLLATERAL, 18, p.factor) for p in priced]
    result = ScanResult(
        scan_id=scan.scan_id,
        deployment=scan.deployment,
        block=scan.block,
        methodology=scan.methodology,
        book=make_book((), assets, (), None),
        prices=Prices({price.asset_id: price for price in priced}),
        margin=[row for row in judged if row.margin.status not in OWN_STATUSES],
        own=[row for row in judged if row.margin.status in OWN_STATUSES],
        details=Details(
            accounts=listed(accounts.TABLE, accounts.from_row),
            collateral=(),
            positions=(),
            orders=(),
            markets=listed(markets.TABLE, markets.from_row),
            prices=priced,
            totals=listed(totals.TABLE, totals.from_row),
            implementations=listed(implementations.TABLE, implementations.from_row),
            statements=(),
            silent_changes=listed(silent_changes.TABLE, silent_changes.from_row),
        ),
        backstops=listed(backstops.TABLE, backstops.from_row),
        cautions=listed(cautions.TABLE, cautions.from_row),
        completeness=_extent(scan),
        verify_mode=scan.verify_mode,
        verified_accounts=scan.verified_accounts,
        checks=listed(verification.TABLE, verification.from_row),
        reads=listed(reads.TABLE, reads.from_row),
        findings=listed(findings.TABLE, findings.from_row),
        selection=scan.selection,
    )
    for certificate in listed(certificates.TABLE, certificates.from_row):
        result.proofs = Proofs(
            certificate,
            tuple(listed(proved_words.TABLE, proved_words.from_row)),
            tuple(listed(proved_codes.TABLE, proved_codes.from_row)),
        )
    result.deposits = _deposits(snapshot, scan.scan_id, funds_of(result))
    return result


def _deposits(snapshot: Snapshot, scan_id: str, funds: frozenset[str]) -> Sum:
    """The sum of what the accounts hold, without making a row of each balance."""
    _, rows = snapshot.query(
        "SELECT account_id, amount, amount_overflow, value_e18, value_e18_overflow"
        " FROM collateral WHERE scan_id = ?",
        [scan_id],
    )
    # A balance that fits no column is there, and nobody knows how much it is.
    balances = (
        (who, 1 if (raw := join(low, over)) is None else raw, join(value, more))
        for who, low, over, value, more in rows
    )
    return sum_deposits(balances, funds)


def _extent(scan: ScanRow) -> Completeness:
    """How complete the logs behind the scan were."""
    return Completeness(
        from_block=scan.deployment.from_block,
        to_block=scan.block.number,
        logs=scan.logs,
        blocks_with_logs=scan.blocks_with_logs,
        headers=scan.headers,
        headers_linked=scan.headers_linked,
        doubts=scan.log_doubts,
    )
