"""The table `cautions`: protocol facts that detectors report."""

from __future__ import annotations

import orjson

from analyzer.model.rows import Caution
from analyzer.store.keys import SCAN
from analyzer.store.rows import amounts_of, json_amounts, json_object, row_reader, row_writer
from analyzer.store.schema import Table, count, json_text, text

TABLE = Table(
    "cautions",
    "Protocol facts that detectors report. One row per scan and fact.",
    (
        SCAN,
        count("caution_no", "Number of the fact, from 1.", key=True),
        text("kind", "`paused_market`, `stale_oracle`, ..."),
        text("account_id", "Account; NULL = none."),
        text("market_id", "Market; NULL = none."),
        text("text", "The fact in words."),
        json_text("amounts", "Name with unit -> exact integer as text, a JSON object."),
        json_text("evidence", "Name -> text that leads back to the chain, a JSON object."),
    ),
)

to_row = row_writer(
    TABLE,
    Caution,
    beside=("scan_id", "caution_no"),
    made={"amounts": json_amounts, "evidence": json_object},
)
from_row = row_reader(TABLE, Caution, made={"amounts": amounts_of, "evidence": orjson.loads})
