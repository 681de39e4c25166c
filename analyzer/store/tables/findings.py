"""The table `findings`: what is wrong."""

from __future__ import annotations

import orjson

from analyzer.model.finding import Finding, Severity
from analyzer.store.keys import SCAN
from analyzer.store.rows import amounts_of, json_amounts, json_object, row_reader, row_writer
from analyzer.store.schema import Table, count, json_text, text

TABLE = Table(
    "findings",
    "What is wrong. One row per scan and finding.",
    (
        SCAN,
        text("fingerprint", "Its identity from run to run: 16 hex digits.", key=True),
        text("detector", "Which detector."),
        text("severity", "`info`, `low`, `medium`, `high` or `critical`."),
        count("severity_rank", "0 to 4, for sorting."),
        text("account_id", "Account; NULL = the deployment as a whole."),
        text("market", "Market; NULL = none."),
        text("title", "One line."),
        json_text("amounts", "Name with unit -> exact integer as text, a JSON object."),
        json_text("evidence", "Name -> text that leads back to the chain, a JSON object."),
    ),
)

to_row = row_writer(
    TABLE,
    Finding,
    beside=(),
    at={"severity": "severity.label", "severity_rank": "severity"},
    made={"severity_rank": int, "amounts": json_amounts, "evidence": json_object},
)
from_row = row_reader(
    TABLE,
    Finding,
    column={"severity": "severity_rank"},
    made={"severity": Severity, "amounts": amounts_of, "evidence": orjson.loads},
)
