"""Every identity: who or what a row, a file or a finding is about, the same on every machine.

An identity is the first 16 hex digits of a sha256 over text in UTF-8. Nothing that changes from run
to run goes in (time, names of files, the order in which things were named), so two people who scan
the same block can compare them, and a rerun replaces what it made before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import orjson

from analyzer.model.deployment import Deployment

_DIGITS = 16
_BETWEEN = "\x1f"
"""ASCII's unit separator: no address, number or name holds it."""


def scan_id(deployment: Deployment, block_hash: str, methodology: str) -> str:
    """The key of a scan: one deployment at one block, by one version of the protocol's rules.

    Of the deployment count protocol, chain and contracts: neither its name nor its first block.
    """
    return _of_texts([*_chain(deployment), *_roles(deployment), block_hash.lower(), methodology])


def run_id(scan_ids: Iterable[str], options: Sequence[str]) -> str:
    """The key of a run: its scans, in whatever order, and its options, in the order given."""
    return _of_texts([*sorted(scan_ids), *options])


def deployment_key(deployment: Deployment) -> str:
    """The key of a deployment in a history: protocol, chain and contracts; neither its name nor
    its first block."""
    return _of_texts([*_chain(deployment), *_roles(deployment)])


def index_key(deployment: Deployment, source: str = "") -> str:
    """The key of a deployment in an index: protocol, chain, first block and contracts, no name.

    source: digest of the recording that the logs are from, empty for a live chain. Logs of one
    source are never taken for those of another.
    """
    parts = [*_chain(deployment), str(deployment.from_block), *_roles(deployment)]
    return _of_texts([*parts, source] if source else parts)


def cascade_id(
    scan_ids: Iterable[str],
    scenario: object,
    depth: Sequence[object],
    curves: Mapping[str, str],
    options: object,
) -> str:
    """The key of a cascade: its scans, in whatever order, and everything that decides its course.

    scenario, depth, options: their content as JSON has it (mappings, lists, text, numbers, None);
    curves: factor -> the curve with all of its numbers, as text. Hashed is the JSON without spaces,
    keys sorted. Raises: TypeError for what JSON does not have.
    """
    content = {
        "scans": sorted(scan_ids),
        "scenario": scenario,
        "depth": depth,
        "curves": curves,
        "options": options,
    }
    return _of_bytes(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


def path_id(texts: Iterable[str]) -> str:
    """The key of a path of losses: the nodes, channels and assets of its steps, in their order;
    the same in every run, for no amount and no round is part of it."""
    return _of_bytes(b"".join(text.encode() + b"\0" for text in texts))


def fingerprint(
    detector: str, chain_id: int, deployment: str, account_id: str | None, market: str | None
) -> str:
    """The identity of a finding from run to run: which rule, and whom it is about; no block, no
    amount, no time. deployment: its name; of a finding about several, `joint_name` of theirs."""
    return _of_texts([detector, str(chain_id), deployment, account_id or "", market or ""])


def joint_name(names: Iterable[str]) -> str:
    """The name of several deployments together: theirs, sorted."""
    return "+".join(sorted(names))


def alert_key(finding: str) -> str:
    """The identity of a finding as GitHub's code scanning keeps it: the fingerprint and, as in its
    own hashes of a line, which one of equal hashes it is; there is but one of each."""
    return f"{finding}:1"


def content_hash(
    content: object, columns: Iterable[Iterable[str]], numbers: Iterable[bytes]
) -> str:
    """What stands for a block's hash where there is no block: 0x and 64 hex digits over what a book
    from a table consists of.

    content: as JSON has it (mappings, lists, text, flags, None); its keys are sorted. columns: of
    text, none with the unit separator. numbers: arrays of one fixed width, little-endian. Raises:
    TypeError for what JSON does not have.
    """
    digest = hashlib.sha256(b"table/1\n")
    digest.update(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
    for texts in columns:
        digest.update(b"\n" + _BETWEEN.join(texts).encode())
    for array in numbers:
        digest.update(b"\n" + array)
    return f"0x{digest.hexdigest()}"


def _chain(deployment: Deployment) -> list[str]:
    """Protocol and chain."""
    return [deployment.protocol, str(deployment.chain_id)]


def _roles(deployment: Deployment) -> list[str]:
    """Each role with its address, sorted by role; addresses are the same in any case."""
    return [f"{role}={address.lower()}" for role, address in sorted(deployment.contracts.items())]


def _of_texts(parts: Sequence[str]) -> str:
    """The identity of texts in their order."""
    return _of_bytes(_BETWEEN.join(parts).encode())


def _of_bytes(data: bytes) -> str:
    """The identity of bytes."""
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
