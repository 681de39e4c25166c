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
    command = trusted_options(command)
    command = click.option(
        "--prove-sample",
        "prove_sample",
        type=click.IntRange(min=1),
        metavar="N",
        help="Prove N blocks with logs and N without, drawn by --sample-seed. [default: all]",
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
    trusted_hash: tuple[str, ...],
    checkpoints: Path | None,
    *,
    seed: int,
) -> ProveOptions:
    """What the options ask for. Raises: InputError for a hash that is none."""
    from analyzer.model.errors import InputError
    from analyzer.runs.scanning.proving import ProveOptions
    from analyzer.runs.scanning.trusted import trusted_hashes

    trusted = trusted_hashes(trusted_hash, checkpoints)
    if not prove and (trusted or sample is not None):
        raise InputError("--trusted-hash, --checkpoints and --prove-sample need --prove")
    asked = tuple(dict.fromkeys(prove))
    return ProveOptions(asked, sample, trusted, seed)
