"""The table `implementations`: the code behind each contract."""

from __future__ import annotations

from analyzer.model.rows import ImplementationRow
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, text

TABLE = Table(
    "implementations",
    "The code behind each contract at the block. One row per scan and address.",
    (
        SCAN,
        text("role", "Role in the deployment.", key=True),
        text("address", "The contract.", key=True),
        text("implementation", "Address of the code behind the proxy; NULL = none, or not known."),
        text("code_hash", "keccak of the code; NULL = not known."),
        text(
            "status",
            "`known`, `unknown`, `no code`, `changed without event` or `not recorded`.",
        ),
        text("note", "What else there is to say."),
    ),
)

to_row = row_writer(TABLE, ImplementationRow)
from_row = row_reader(TABLE, ImplementationRow)
