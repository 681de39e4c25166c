"""Which release a contract's code is, by its hash: only code that was run and compared here.

Implementations of Aave V3 carry their market's addresses as immutables, so most hashes belong to
one deployment; a hash that is not in the table is no fault, it only says nothing. The addresses
provider carries none: its hash is that of its package wherever it was deployed, and it is never
upgraded, so it tells which release a market began with (`POOL_REVISION` 1 is said by three).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson

_FILE = Path(__file__).with_name("code_hashes.json")


@cache
def _table() -> dict[str, dict[str, str]]:
    """kind of contract -> code hash (0x, lower case) -> release."""
    table: dict[str, dict[str, str]] = orjson.loads(_FILE.read_bytes())
    return {kind: hashes for kind, hashes in table.items() if kind != "provenance"}


def release_of_code(kind: str, code_hash: str | None) -> str | None:
    """The release (`3.0.0`, `GHO 3`; several with commas where their code is one) of a contract.

    kind: `pool`, `a_token`, `variable_debt_token`, `stable_debt_token`, `pool_configurator`,
    `pool_addresses_provider`, `oracle`. None: this code was never run here, or there is no hash.
    """
    return None if code_hash is None else _table().get(kind, {}).get(code_hash.lower())
