"""What a decision is about: a deployment or an account, and what its protocol says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.model.book import Book
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Plug, Valued
from analyzer.protocols.decisions import Decisions
from analyzer.runs.snapshot.account import named_account
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books


@dataclass(frozen=True, slots=True)
class Decided:
    """A deployment. account: the one that it is about, empty where it is about all."""

    scan: ScanBook
    decisions: Decisions
    account: str = ""

    def margin(self, book: Book) -> MarginRow:
        """The margin of a book of one account, at the block's prices."""
        [row] = self.scan.plug.margin(self.scan.plug.value(book, self.scan.prices))
        return row

    def now(self) -> MarginRow:
        """The account's margin at the block."""
        number = list(self.scan.book.account_ids).index(self.account)
        return self.margin(self.scan.book.part([number]))

    def price_e18(self, asset_id: str) -> int | None:
        """The reference price of an asset."""
        return self.scan.prices.e18(asset_id)

    def value_usd(self, asset_id: str, amount: int, decimals: int) -> float | None:
        """A raw amount at the reference price; None where there is none."""
        price = self.price_e18(asset_id)
        return None if price is None else amount / 10**decimals * (price / WAD)

    def factor(self, asset_id: str) -> str:
        """The risk factor of an asset. Raises: KeyError."""
        return next(a.factor for a in self.scan.book.assets if a.asset_id == asset_id)


def open_deployment(db: Path, deployment: str) -> Decided:
    """Raises: InputError for no snapshot, no such deployment, or a protocol that says nothing."""
    scans = read_books(db, (deployment,))
    return _decided(scans[0])


def open_account(db: Path, account_id: str) -> Decided:
    """Raises: InputError as `open_deployment`, and for no such account or one that is unknown."""
    deployment, account = named_account(db, account_id)
    decided = _decided(read_books(db, (deployment,))[0], account)
    row = decided.now()
    if row.unknown_reason is not None:
        raise InputError(
            f"{deployment}/{account} is unknown, so nothing can be decided about it:"
            f" {row.unknown_reason}"
        )
    return decided


def exit_code(scan: ScanBook) -> ExitCode:
    """Not fully read where the scan's answer is not proven."""
    return ExitCode.NOT_FULLY_READ if scan.caveats else ExitCode.CLEAN


def decisions_of(plug: Plug, valued: Valued) -> Decisions:
    """What a protocol says of a valued book. Raises: InputError for one that does not."""
    decide = getattr(plug, "decide", None)
    if decide is None:
        raise InputError(f"{plug.name} does not say what may be decided about it")
    found: Decisions = decide(valued)
    return found


def _decided(scan: ScanBook, account: str = "") -> Decided:
    """Raises: InputError for a protocol that does not say what may be decided."""
    return Decided(scan, decisions_of(scan.plug, scan.valued), account)
