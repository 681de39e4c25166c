"""Options of what is proved against block headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from analyzer.runs.scanning.proving import ProveOptions

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def trusted_options(command: Decorated) -> Decorated:
    """`--trusted-hash` and `--checkpoints`."""
    command = click.option(
        "--checkpoints",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="A file of hashes that you trust, a BLOCK=0x.. a line.",
    )(command)
    return click.option(
        "--trusted-hash",
        "trusted_hash",
        multiple=True,
        metavar="BLOCK=0x..",
        help="A block hash that you trust: parent links are followed from it down to every proved "
        "block. Repeatable.",
    )(command)


def proof_options(command: Decorated) -> Decorated:
    """What a scan proves (needs the extra `prove`)."""
    command = click.option(
        "--witness",
        metavar="URL",
        help="A second endpoint to compare the hashes of the proved blocks with: no proof.",
    )(command)
    command = click.option(
        "--quorum",
        type=click.IntRange(min=2),
        metavar="N",
        help="Ask the first N endpoints of --rpc a sample of headers, logs, calls and slots, "
        "and name who differs: no proof.",
    )(command)
    command = trusted_options(command)
    command = click.option(
        "--prove-sample",
        "prove_sample",
        type=click.IntRange(min=1),
        metavar="N",
        help="Prove N blocks with logs and N without, drawn by --sample-seed. [default: all]",
    )(command)
    command = click.option(
        "--prove-accounts",
        "prove_accounts",
        type=click.IntRange(min=1),
        metavar="N",
        help="Prove the numbers of the N worst accounts. [default: of all that are not healthy, "
        "and of the sample]",
    )(command)
    return click.option(
        "--prove",
        multiple=True,
        type=click.Choice(("logs", "state")),
        help="Prove against block headers: logs, by their receipts; state, by storage proofs of "
        "our numbers. Repeatable; needs the extra prove.",
    )(command)


def proof_wishes(
    prove: tuple[str, ...],
    sample: int | None,
    accounts: int | None,
    trusted_hash: tuple[str, ...],
    checkpoints: Path | None,
    quorum: int | None,
    witness: str | None,
    *,
    rpc: tuple[str, ...],
    seed: int,
) -> ProveOptions:
    """What the options ask for. rpc: the endpoints of the run. Raises: InputError for a hash that
    is none, and for options that need others."""
    from analyzer.cli.failure import keep_secret
    from analyzer.model.errors import InputError
    from analyzer.runs.scanning.proving import NOTHING, QUORUM, ProveOptions
    from analyzer.runs.scanning.trusted import trusted_hashes

    if witness is not None:
        keep_secret((witness,))
    trusted = trusted_hashes(trusted_hash, checkpoints)
    if not prove and (trusted or witness is not None):
        raise InputError("--trusted-hash, --checkpoints and --witness need --prove")
    if not prove and quorum is None and sample is not None:
        raise InputError("--prove-sample needs --prove or --quorum")
    if "state" not in prove and accounts is not None:
        raise InputError("--prove-accounts needs --prove state")
    if quorum is not None and len(rpc) < quorum:
        raise InputError(f"--quorum {quorum} needs {quorum} endpoints: name each with --rpc")
    if not prove and quorum is None:
        return NOTHING
    asked = tuple(dict.fromkeys((*prove, *((QUORUM,) if quorum else ()))))
    endpoints = rpc[:quorum] if quorum else ()
    return ProveOptions(asked, sample, trusted, seed, endpoints, witness, accounts)
