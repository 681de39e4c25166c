"""Which logs a fold rests on, in one digest: what was folded then is what is indexed now, or not.

A fold of the blocks up to K is gone on from only where the index still says of these blocks what it
said then: the same contracts with the same events under the same roles, as many logs, and the same
last header. A reorg or a second reading that changes logs drops the folds behind it at once; this
is the second lock on the same door, and the one against contracts that a later log names with
logs from before K.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

from analyzer.indexer.sources import Catalogue
from analyzer.model.deployment import Deployment
from analyzer.store.load import fetch

if TYPE_CHECKING:
    import duckdb


def fold_basis(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    deployment: Deployment,
    catalogue: Catalogue,
    *,
    block: int,
) -> str:
    """The digest of what a fold of all logs up to `block` rests on, 64 hex digits.

    catalogue: the contracts at the block that is rebuilt, which may be later.
    """
    contracts = [
        [
            covered.role,
            covered.address,
            covered.from_block,
            [
                [event.topic0, event.name, [[i.name, i.type, i.indexed] for i in event.inputs]]
                for event in catalogue.event_abis(covered)
            ],
        ]
        for covered in catalogue.covered
        if covered.from_block <= block
    ]
    logs = fetch(
        connection,
        "SELECT count(*) FROM raw_logs WHERE deployment_key = ? AND block_number <= ?",
        [key, block],
    )
    last = fetch(
        connection,
        "SELECT block_number, block_hash FROM headers WHERE deployment_key = ?"
        " AND block_number <= ? ORDER BY block_number DESC LIMIT 1",
        [key, block],
    )
    about = {
        "deployment": [
            deployment.protocol,
            deployment.chain_id,
            deployment.from_block,
            sorted((role, address.lower()) for role, address in deployment.contracts.items()),
            sorted(deployment.factors.items()),
        ],
        "contracts": contracts,
        "logs": logs,
        "last": last,
    }
    return hashlib.sha256(orjson.dumps(about)).hexdigest()
