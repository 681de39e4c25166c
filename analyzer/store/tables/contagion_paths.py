"""The table `contagion_paths`: the largest ways that losses took."""

from __future__ import annotations

from analyzer.store.keys import CASCADE, SCAN
from analyzer.store.rows import record_reader, record_writer
from analyzer.store.schema import Table, amount, count, figure, flag, json_text, text

TABLE = Table(
    "contagion_paths",
    "The largest ways that losses took. One row per scan, cascade and path, under the scan in which"
    " the path ends.",
    (
        SCAN,
        CASCADE,
        count("rank", "1 = the largest of the cascade.", key=True),
        text("path_id", "16 hex digits over its nodes, channels and assets: stable run to run."),
        text("victim", "The node that it ends in."),
        flag("victim_failed", "Whether that is an account that failed."),
        amount("amount_e18", "What of the victim's loss came this way. 18 decimals."),
        figure("share_of_loss", "Of what the victim lost before its gains; NULL = nothing."),
        json_text("steps", "In order, a JSON list of {round, from, channel, asset, to}."),
        text("words", "The path in words."),
    ),
)

to_row = record_writer(TABLE)
from_row = record_reader(TABLE)
