"""Whether the contracts of a deployment belong together: each is asked for its neighbours.

An insurance fund, a Vault or a config of another market answers every question, and every number
that it gives is right, of something else. So what the contracts name themselves has to be what the
deployment names. A neighbour that was not read, or that a contract does not name, says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.errors import InputError
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch

_NO_CONTRACT = "0x" + "0" * 40

NamedBy = Mapping[str, tuple[str, str, str]]
"""Role of a deployment -> (ABI, role, getter) of the contract that names it."""


def check_wiring(folder: str, named_by: NamedBy, contracts: Mapping[str, str]) -> Reading[None]:
    """One batch; none of it is needed for a number. folder: of the ABI files.

    Raises: InputError naming the first role whose address is not the one that its neighbour names.
    """
    batch = Batch(folder)
    asked = {
        role: batch.call(abi, contracts[of], getter, evidence=True)
        for role, (abi, of, getter) in named_by.items()
    }
    replies = yield from batch.read()
    for role, ticket in asked.items():
        named = replies.optional_text(ticket)
        if named not in (None, _NO_CONTRACT) and str(named).lower() != contracts[role].lower():
            of = named_by[role][1]
            raise InputError(
                f"the {of} {contracts[of]} names {named} as its {role}, not {contracts[role]}:"
                " check [contracts] of the deployment"
            )
