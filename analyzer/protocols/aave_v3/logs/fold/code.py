"""Which code runs, at each log: of the Pool, its tokens and the configurator.

The Pool's code is named by the addresses provider's `PoolUpdated` and says its own number. 1 is
the number of three releases; the first of them has rules of its own and is told by a code hash. No
proxy runs two codes of one number (its initializer asks for a higher one), so an aToken that was
ever upgraded runs no code of 3.0.0 any more. What a log names is asked for constants only; what
no constant says is not guessed.
"""

from __future__ import annotations

from analyzer.model.errors import UnreadError
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.code_hashes import release_of_code
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER, CONFIGURATOR, PROVIDER
from analyzer.protocols.aave_v3.logs.fold.context import FoldContext
from analyzer.protocols.aave_v3.logs.fold.ledger import TransferUnit
from analyzer.protocols.kit.arguments import text
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.kit.unreadable import Unreadable

_FIRST_THAT_ACCRUES = 3
"""`CONFIGURATOR_REVISION` of 3.1, which settles a reserve before its factor changes."""


def pool_revision(address: str) -> Reading[int]:
    """The `POOL_REVISION` of a Pool's code, or of the proxy itself where logs begin later.

    Raises: UnreadError when it does not say.
    """
    batch = Batch(ABI_FOLDER)
    ticket = batch.call("Pool", address, "POOL_REVISION", about=address)
    revision = (yield from batch.read()).number(ticket)
    if isinstance(revision, Unreadable):
        raise UnreadError(
            f"the revision of the Pool's code at {address} is not known ({revision}): "
            "without it no balance can be rebuilt"
        )
    return revision


def first_release(provider: str, implementation: str | None) -> Reading[str | None]:
    """Which release the market's first code is, where that code says 1: by its own hash, else by
    that of the addresses provider, which comes from the same package. None: neither is known."""
    batch = Batch(ABI_FOLDER)
    registry = batch.code_hash(provider, "code of the addresses provider")
    pool = batch.code_hash(implementation, "code of the Pool") if implementation else None
    replies = yield from batch.read()
    for kind, ticket in (("pool", pool), (PROVIDER, registry)):
        word = None if ticket is None else replies.word(ticket)
        if isinstance(word, int):
            release = release_of_code(kind, f"0x{word:064x}")
            if release is not None:
                return release
    return None


def on_upgraded(context: FoldContext, event: Event) -> Reading[None]:
    """A proxy got new code."""
    implementation = text(event, "implementation")
    context.ledger.implementations[event.address] = implementation
    reserve = context.ledger.reserves.get(context.ledger.token_assets.get(event.address, ""))
    if event.contract == CONFIGURATOR:
        revision = yield from _said("PoolConfigurator", implementation, "CONFIGURATOR_REVISION")
        if isinstance(revision, int):
            context.configurator_accrues = revision >= _FIRST_THAT_ACCRUES
        else:
            context.note("unknown code", event, f"the configurator's: {revision}")
    elif reserve is not None and event.contract == "a_token":
        reserve.transfers = TransferUnit.SCALED


def _said(abi: str, address: str, function: str) -> Reading[int | Unreadable]:
    """A constant of an implementation."""
    batch = Batch(ABI_FOLDER)
    ticket = batch.call(abi, address, function, about=address)
    return (yield from batch.read()).number(ticket)
