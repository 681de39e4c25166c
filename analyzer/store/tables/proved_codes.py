"""The table `proved_codes`: contracts whose code is proved to be that of the scan."""

from __future__ import annotations

from analyzer.model.certificate import ProvedCode
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, count, text

TABLE = Table(
    "proved_codes",
    "Contracts whose code hash is proved against the block's state root (`scan --prove state`)."
    " One row per scan and contract.",
    (
        SCAN,
        count("code_no", "Number of the row, from 1.", key=True),
        text("contract", "Role of the contract."),
        text("address", "Where the code lies: of a proxy, its implementation."),
        text("code_hash", "keccak-256 of the code, 0x and 64 digits."),
    ),
)

to_row = row_writer(TABLE, ProvedCode, beside=("scan_id", "code_no"))
from_row = row_reader(TABLE, ProvedCode)
