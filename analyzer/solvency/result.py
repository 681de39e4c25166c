"""What one scan is, in memory: everything that findings, report and the snapshot are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Prices
from analyzer.model.certificate import Proofs
from analyzer.model.deployment import Deployment
from analyzer.model.finding import Finding
from analyzer.model.rows import BackstopRow, CheckRow, ImplementationRow, JudgedRow, ReadRow
from analyzer.model.selection import EVERYTHING, Selection
from analyzer.protocols.base import Caution, Details

ALL_ACCOUNTS = "all"
"""The verification mode that compares every account (`verify.VerifyMode.ALL`)."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How complete the logs behind a scan are.

    headers: those that were read, of blocks with logs (of finalized history a sample, where logs
    say their blocks' hashes and times) and of the scan's block; headers_linked: how many of them
    name a block that is held as their parent. The rest have no held neighbour, which
    says nothing against them. doubts: what speaks against the logs being whole, a sentence each.
    """

    from_block: int
    to_block: int
    logs: int
    blocks_with_logs: int
    headers: int
    headers_linked: int
    doubts: tuple[str, ...] = ()

    @property
    def undoubted(self) -> bool:
        """Whether nothing that was read speaks against the logs being whole; no proof that they
        are. Where it is false, nothing that rests on the logs is proven: exit code 3."""
        return not self.doubts


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount that is added up of parts, in 18 decimals. left_out: how many parts have no known
    value, and are not in it."""

    amount_e18: int
    left_out: int = 0


@dataclass(slots=True)
class ScanResult:
    """One deployment at one block, rebuilt, judged and (in part or whole) verified.

    deposits: what the accounts hold as collateral, where `details` do not list it. selection: what
    its findings were looked for with. proofs: what was proved of it, where anybody asked for it.
    own: the protocol's own accounts, judged and verified like others, and in nothing that is
    counted or added up.
    """

    scan_id: str
    deployment: Deployment
    block: BlockRef
    methodology: str
    book: Book
    prices: Prices
    margin: Sequence[JudgedRow]
    details: Details
    backstops: Sequence[BackstopRow]
    cautions: Sequence[Caution]
    completeness: Completeness
    verify_mode: str
    verified_accounts: int = 0
    checks: Sequence[CheckRow] = ()
    reads: Sequence[ReadRow] = ()
    findings: list[Finding] = field(default_factory=list)
    deposits: Sum | None = None
    selection: Selection = EVERYTHING
    proofs: Proofs | None = None
    own: Sequence[JudgedRow] = ()

    @property
    def mismatches(self) -> list[CheckRow]:
        """The checks in which the contract's own view differs."""
        return [check for check in self.checks if check.equal is False]

    @property
    def not_compared(self) -> list[CheckRow]:
        """The checks whose judge gave no answer."""
        return [check for check in self.checks if check.equal is None]

    @property
    def unproven_code(self) -> list[ImplementationRow]:
        """Contracts whose code is not known, as long as the views do not stand for it.

        Rules that were written for other code prove nothing by themselves. Where every view of
        every account was asked, answered and is equal, the numbers are the contract's own: then
        there are none.
        """
        if self.verify_mode == ALL_ACCOUNTS and self.checks and all(c.equal for c in self.checks):
            return []
        return [row for row in self.details.implementations if row.unproven]
