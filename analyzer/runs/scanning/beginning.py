"""Whether a deployment's logs are read from early enough: was there code before its first block?

A contract without code has no logs. Where the state of the block before is at hand, the code of
every contract whose logs are read from there on is asked for; code that is there already may have
logs that nobody read. Where that state is not at hand nothing is known, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.abi.keccak import keccak
from analyzer.chain.base import Chain
from analyzer.model.deployment import Deployment
from analyzer.model.errors import UnreadError
from analyzer.model.reads import ReadRequest, Value
from analyzer.protocols.base import Source
from analyzer.protocols.registry import load_plug
from analyzer.solvency.result import ScanResult

_NO_CODE = keccak(b"")


def code_before(chain: Chain, deployment: Deployment) -> list[str]:
    """`role address (block)` of each contract that had code in the block before the first one whose
    logs are read."""
    by_block: dict[int, list[Source]] = {}
    for source in load_plug(deployment.protocol).sources(deployment):
        # The first block's contracts are there from the start and had no logs before it.
        if source.from_block > 1:
            by_block.setdefault(source.from_block - 1, []).append(source)
    return [
        f"{source.role} {source.address} (block {number})"
        for number, sources in sorted(by_block.items())
        for source, there in zip(sources, _have_code(chain, number, sources), strict=True)
        if there
    ]


def beginning_doubts(result: ScanResult, early: Sequence[str]) -> tuple[str, ...]:
    """What is doubtful where contracts had code before: nothing where control totals, all of them,
    prove that no log is missing."""
    if not early or all_hold(result):
        return ()
    return (
        f"logs are read from block {result.deployment.from_block} on, and there was code before:"
        f" {', '.join(early)}",
    )


def all_hold(result: ScanResult) -> bool:
    """Whether there are control totals and all of them hold: then no log is missing."""
    totals = result.details.totals
    return bool(totals) and all(total.holds is True for total in totals)


def _have_code(chain: Chain, number: int, sources: Sequence[Source]) -> list[bool]:
    """Whether there is code at each contract; False where that cannot be asked."""
    requests = [
        ReadRequest("code_hash", s.address, "0x", f"code of {s.role}", evidence=True)
        for s in sources
    ]
    try:
        answers = chain.read(chain.headers([number])[0], requests)
    except UnreadError:
        return [False] * len(sources)
    return [isinstance(answer, Value) and answer.data != _NO_CODE for answer in answers]
