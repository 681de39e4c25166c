"""Where a run's answers come from: the chain, its deployments, and that they fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.abi.keccak import keccak
from analyzer.chain import open_chain
from analyzer.chain.base import Chain, NotRecordedError, Progress
from analyzer.chain.recording import check_recording_place
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.reads import ReadRequest, Value
from analyzer.runs.scanning.deployments import check_roles, load_deployment

_NO_CODE = keccak(b"")
_DESCRIPTION = "the answers that one analyzer run used"


@dataclass(frozen=True, slots=True)
class Source:
    """A chain to ask and what is asked about.

    kind: `rpc` or `recording`. endpoint: URLs without keys, or the name of the recording.
    log_identity: of the recording whose logs these are, empty for a live chain: an index keeps
    the logs of one apart from those of every other. attached: findings.json and version.json of
    a recording, as they are.
    """

    chain: Chain
    deployments: Sequence[Deployment]
    kind: str
    endpoint: str
    log_identity: str = ""
    attached: Mapping[str, bytes] = field(default_factory=dict)


@contextmanager
def open_source(
    *,
    rpc: Sequence[str],
    recording: Path | None,
    deployments: Sequence[str] = (),
    given: Sequence[Deployment] = (),
    record: Path | None = None,
    progress: Progress | None = None,
    whole_headers: bool = False,
) -> Iterator[Source]:
    """Opens the chain and loads the deployments; closes it in the end.

    deployments: names or files; given: deployments that are known already, instead of names. They
    come by name, however they were ordered, so that what is made of them is the same.
    whole_headers: headers keep all of their fields, as they do where a recording is written.
    A recording that is being written is finished only when nothing was raised.
    Raises: InputError for a wrong URL, recording, deployment or chain id, for files that cannot
    be written; UnreadError when no endpoint answers.
    """
    from analyzer.chain.record import Recorder
    from analyzer.chain.replay import Replay

    check_record_path(record)
    # Read first: a deployment file with a mistake in it is said before any node is asked.
    early = list(given)
    if recording is None and not early:
        early = [load_deployment(name) for name in deployments]
    if recording is None and rpc and not early:
        raise InputError("which deployment? give --deployment with a file or a name")
    whole = whole_headers or record is not None
    inner = open_chain(rpc, recording, progress=progress, whole_headers=whole)
    chain: Chain = inner if record is None else Recorder(inner, record, description=_DESCRIPTION)
    try:
        found = early or _of_recording(inner, recording, deployments)
        chosen = sorted(found, key=lambda deployment: (deployment.name, deployment.protocol))
        _check_distinct(chosen)
        for deployment in chosen:
            check_roles(deployment)
            _check_chain_id(chain, deployment)
            if isinstance(chain, Recorder):
                chain.add_deployment(deployment)
        kind = "rpc" if recording is None else "recording"
        endpoint = _endpoint(rpc, recording)
        if isinstance(inner, Replay):
            yield Source(chain, chosen, kind, endpoint, inner.log_identity, inner.attached)
        else:
            yield Source(chain, chosen, kind, endpoint)
    except BaseException:
        if isinstance(chain, Recorder):
            chain.discard()
        else:
            chain.close()
        raise
    chain.close()


def check_record_path(record: Path | None) -> None:
    """Sees that a recording can be written. Raises InputError when its folder does not exist."""
    if record is not None and not record.parent.is_dir():
        raise InputError(f"{record} cannot be written: {record.parent} is no folder")
    if record is not None:
        check_recording_place(record)


def check_contracts(chain: Chain, deployment: Deployment, block: BlockRef) -> None:
    """Sees that there is code at every address of the deployment, as far as the chain can tell.

    Raises: InputError naming the addresses without code at `block`; UnreadError when the block
    has no state.
    """
    if block.number < deployment.from_block:
        raise InputError(
            f"block {block.number} is before deployment {deployment.name}, which begins at block"
            f" {deployment.from_block}"
        )
    roles = list(deployment.contracts)
    requests = [
        ReadRequest("code_hash", deployment.contracts[role], "0x", f"code of {role}")
        for role in roles
    ]
    answers = chain.read(block, requests)
    empty = [
        f"{role} {deployment.contracts[role]}"
        for role, answer in zip(roles, answers, strict=True)
        if isinstance(answer, Value) and answer.data == _NO_CODE
    ]
    if empty:
        raise InputError(
            f"no contract at {', '.join(empty)} (chain {chain.chain_id}, block {block.number}):"
            f" is deployment {deployment.name} of this chain?"
        )


def resolve_pinned(chain: Chain, text: str) -> BlockRef:
    """The block that `text` names; of a recording with pinned blocks only one of these, because
    nothing was read at any other. A live chain answers at any.

    Raises: InputError for what names no block, or none that was pinned: it lists those that were.
    """
    from analyzer.chain.replay import Replay

    pins = chain.pins() if isinstance(chain, Replay) else []
    if not pins:
        return chain.resolve(text)
    known = ", ".join(f"{label} = {number}" if label else str(number) for number, label, _ in pins)
    try:
        block = chain.resolve(text)
    except NotRecordedError as error:
        raise InputError(f"{error}; pinned blocks: {known}") from error
    if block.number not in {number for number, _, _ in pins}:
        raise InputError(f"nothing was recorded at block {block.number}; pinned blocks: {known}")
    return block


def _of_recording(chain: Chain, recording: Path | None, names: Sequence[str]) -> list[Deployment]:
    """The deployments named, among those of the recording first; all of them when none is."""
    from analyzer.chain.replay import Replay

    recorded = chain.deployments() if isinstance(chain, Replay) else []
    if names:
        return [load_deployment(name, recorded) for name in names]
    if not recorded:
        raise InputError(
            f"{recording} names no deployment: give --deployment with a file or a name"
        )
    return recorded


def _check_distinct(deployments: Sequence[Deployment]) -> None:
    """Raises InputError when one deployment is given twice, under whatever name: both would have
    the same scan id."""
    seen: dict[tuple[str, str], str] = {}
    for deployment in deployments:
        contracts = sorted((role, at.lower()) for role, at in deployment.contracts.items())
        key = (deployment.protocol, str(contracts))
        if key in seen:
            raise InputError(
                f"deployments {seen[key]} and {deployment.name} are the same contracts: name one"
            )
        seen[key] = deployment.name


def _check_chain_id(chain: Chain, deployment: Deployment) -> None:
    """Raises InputError, naming both, when the deployment is of another chain."""
    if deployment.chain_id != chain.chain_id:
        raise InputError(
            f"deployment {deployment.name} is of chain {deployment.chain_id}, the answers come"
            f" from chain {chain.chain_id}"
        )


def _endpoint(rpc: Sequence[str], recording: Path | None) -> str:
    """What a table may say of where the answers came from."""
    from analyzer.chain.endpoint import mask_url

    return recording.name if recording is not None else ", ".join(mask_url(url) for url in rpc)
