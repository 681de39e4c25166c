"""What one proving gathers: proved headers, what contradicts, what is missing, what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from analyzer.chain.base import NotRecordedError
from analyzer.chain.proofs.header import (
    ProvedHeader,
    check_parents,
    fits_with,
    proved_header,
)
from analyzer.chain.proofs.outcome import ContradictionError, NotProvableError
from analyzer.chain.proofs.source import ProofSource
from analyzer.model.block import BlockRef
from analyzer.model.certificate import MOST_BYTES, Contradiction, Cost, HeadersProved
from analyzer.model.errors import UnreadError

MOST_HEADERS = 200_000
"""Headers that one proving reads: a trusted hash further away is not followed."""
_HEADERS_AT_ONCE = 500


class Gathered:
    """The headers that were proved, and everything to tell, while a proving goes on."""

    def __init__(
        self, source: ProofSource, most_bytes: int = MOST_BYTES, *, recorded: bool = False
    ) -> None:
        """most_bytes: the bound on what is gathered. recorded: the source is a recording."""
        self.source = source
        self.recorded = recorded
        self._cannot = f"not provable{' from this recording' if recorded else ''}"
        self.headers: dict[int, ProvedHeader] = {}
        self.contradictions: list[Contradiction] = []
        self._missing: dict[str, tuple[str, int]] = {}
        self._failed: set[int] = set()
        self.wrong: dict[int, BlockRef] = {}
        """Headers that do not hash to their names."""
        self._counts = {"headers": 0, "receipts": 0, "proofs": 0}
        self._most_bytes = most_bytes
        self.bytes = 0

    @property
    def full(self) -> bool:
        """Whether the bound on what is gathered is reached."""
        return self.bytes >= self._most_bytes

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be checked, a sentence for each kind; of many of a kind the first."""
        return tuple(
            text if count == 1 else f"{text} (and {count - 1:,} more like it)"
            for text, count in self._missing.values()
        )

    def miss(self, kind: str, text: str, count: int = 1) -> None:
        """Notes that so many things of a kind could not be checked, and why the first could not."""
        first, before = self._missing.get(kind, (text, 0))
        self._missing[kind] = (first, before + count)

    def contradict(self, kind: str, error: ContradictionError) -> None:
        """Notes something that does not follow."""
        self.contradictions.append(Contradiction(kind, error.block, error.field, error.text))

    def spend(self, kind: str, size: int = 0) -> None:
        """Counts an answer (`headers`, `receipts`, `proofs`) of so many bytes."""
        self._counts[kind] += 1
        self.bytes += size

    def cost(self) -> Cost:
        """What was spent so far."""
        return Cost(**self._counts, bytes=self.bytes)

    def take(self, numbers: Iterable[int]) -> None:
        """Proves the headers of these blocks that are not held yet; what fails is told once."""
        wanted = sorted(set(numbers) - self.headers.keys() - self._failed)
        room = max(MOST_HEADERS - len(self.headers), 0)
        if len(wanted) > room:
            self.miss(
                "too many headers",
                f"{len(wanted) - room} headers beyond the {MOST_HEADERS:,} that are read at most:"
                " take a sample (--prove-sample), or a trusted hash nearer to the block",
            )
            wanted = wanted[:room]
        for start in range(0, len(wanted), _HEADERS_AT_ONCE):
            self._take_some(wanted[start : start + _HEADERS_AT_ONCE])

    def name_field(self, number: int, field: str, value: bytes) -> None:
        """Names the field of a header that does not hash to its name, where this value in it makes
        it do so."""
        block = self.wrong.get(number)
        if block is None or not fits_with(block, field, value):
            return
        text = (
            f"the header of block {number} is given with another {field}: with 0x{value.hex()} it"
            f" hashes to its {block.hash}"
        )
        self.contradictions = [
            Contradiction(c.kind, number, field, text)
            if (c.kind, c.block, c.field) == ("header", number, "hash")
            else c
            for c in self.contradictions
        ]

    def check_neighbours(self) -> None:
        """Sees that proved headers of neighbouring blocks are child and parent."""
        for number, header in sorted(self.headers.items()):
            before = self.headers.get(number - 1)
            if before is not None and header.parent_hash != before.hash:
                text = (
                    f"block {number} names {header.parent_hash} as its parent, and block"
                    f" {number - 1} is {before.hash}: these headers do not chain"
                )
                self.contradict("header", ContradictionError(number - 1, "hash", text))

    def anchor(self, trusted: Mapping[int, str]) -> HeadersProved:
        """Follows parent links from each trusted hash down to the lowest proved block under it.

        Headers between are read and proved. Blocks above every trusted one stay without an anchor.
        """
        proved = sorted(self.headers)
        followed: dict[int, str] = {}
        links, anchored, before = 0, 0, -1
        for number, trusted_hash in sorted(trusted.items()):
            resting = [block for block in proved if before < block <= number]
            before = number
            if not resting:
                continue
            if number - resting[0] > MOST_HEADERS:
                self.miss(
                    "far",
                    f"links from the trusted hash of block {number} down to block {resting[0]}:"
                    f" more than the {MOST_HEADERS:,} headers that are followed at most; name a"
                    " trusted hash nearer to the block",
                )
                continue
            self.take(range(resting[0], number + 1))
            chain = [h for n, h in self.headers.items() if resting[0] <= n <= number]
            try:
                links += check_parents(chain, number, trusted_hash)
            except ContradictionError as error:
                self.contradict("trusted hash", error)
                continue
            except NotProvableError as error:
                self.miss("links", f"blocks {resting[0]} to {number} do not chain: {error}")
                continue
            followed[number] = trusted_hash
            anchored += len(resting)
        above = [block for block in proved if block > before]
        if trusted and above:
            self.miss(
                "above",
                f"blocks {above[0]} to {above[-1]} are above every trusted hash: only a hash of the"
                " same or a later block vouches for a block",
            )
        return HeadersProved(len(self.headers), links, followed, anchored)

    def _take_some(self, numbers: Sequence[int]) -> None:
        """One reading of headers; of a recording that lacks some, block by block."""
        try:
            found = self.source.whole_headers(numbers)
        except NotRecordedError as error:
            if len(numbers) > 1:
                for number in numbers:
                    self._take_some([number])
                return
            self._failed.update(numbers)
            self.miss("headers", f"not provable from this recording: {error}")
            return
        except UnreadError as error:
            # A node that does not answer was asked often enough: nobody asks it block by block.
            self._failed.update(numbers)
            self.miss("headers", f"headers were not read: {error}", len(numbers))
            return
        for number, block in zip(numbers, found, strict=True):
            self.spend("headers")
            try:
                self.headers[number] = proved_header(block)
                continue
            except ContradictionError as error:
                self.contradict("header", error)
                self.wrong[number] = block
            except NotProvableError as error:
                self.miss("headers", f"{self._cannot}: {error}")
            self._failed.add(number)
