"""The table `scans`: one deployment at one block, and what came out in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.scan_rows import ScanRow
from analyzer.store.keys import E18, SCAN
from analyzer.store.rows import (
    amounts_of,
    column_reader,
    json_amounts,
    json_list,
    json_object,
    row_reader,
    row_writer,
    texts_of,
)
from analyzer.store.schema import Table, amount, count, json_text, text

TABLE = Table(
    "scans",
    "One row per scan: one deployment at one block.",
    (
        SCAN,
        text("protocol", "Name of the protocol (`perp-v2`)."),
        text("deployment", "Name of the deployment."),
        count("chain_id", "Chain id."),
        json_text("contracts", "Role -> address of the deployment, as a JSON object."),
        json_text("factors", "Symbol or asset -> risk factor, where the deployment says."),
        text("deployment_source", "Where the addresses come from."),
        count("block_number", "The block that everything is read at."),
        text("block_hash", "Its hash, 0x."),
        count("block_time", "Its time, unix seconds."),
        text("methodology", "Version of the rules that were applied."),
        count("accounts", "Accounts in the table margin."),
        count("unknown", "Accounts whose verdict is unknown."),
        count("insolvent", "Accounts whose verdict is insolvent."),
        count("liquidatable", "Accounts whose verdict is liquidatable."),
        count("below_initial", "Accounts whose verdict is below_initial."),
        count("healthy", "Accounts whose verdict is healthy."),
        amount("hidden_bad_debt_e18", "-Σ min(equity, 0) over known accounts. " + E18),
        amount(
            "hidden_bad_debt_settled_e18",
            "The same by the contract's own haircut values; NULL where the protocol has none.",
        ),
        text("verify_mode", "`flagged`, `sample`, `all` or `none`."),
        count("verified_accounts", "Accounts that were asked of the contract's views."),
        count("checks", "Comparisons made."),
        count("mismatches", "Comparisons in which the contract differs."),
        count("not_compared", "Comparisons whose judge gave no answer."),
        count("from_block", "First block of the deployment."),
        count("logs", "Logs that were folded."),
        count("blocks_with_logs", "Blocks that hold them."),
        count(
            "headers",
            "Headers read: of blocks with logs (of finalized history a sample), and of this block.",
        ),
        count("headers_linked", "Of these, how many name another one of them as their parent."),
        json_text("log_doubts", "What speaks against the logs being whole: JSON list."),
        text("answer", "`insolvent`, `not_proven`, `covered` or `solvent`."),
        json_text("caveats", "Why it is not proven, in words: a JSON list; `[]` = it is."),
        json_text("detectors_off", "Detectors that did not look: a JSON list; `[]` = all did."),
        json_text(
            "thresholds",
            "Detector -> least main measure of a finding that is told, an exact integer as text, in"
            " the measure's unit: a JSON object; `{}` = all is told.",
        ),
    ),
)

to_row = row_writer(
    TABLE,
    ScanRow,
    beside=(),
    at={
        "protocol": "deployment.protocol",
        "deployment": "deployment.name",
        "chain_id": "deployment.chain_id",
        "contracts": "deployment.contracts",
        "factors": "deployment.factors",
        "deployment_source": "deployment.source",
        "from_block": "deployment.from_block",
        "block_number": "block.number",
        "block_hash": "block.hash",
        "block_time": "block.time",
    },
    made={
        "contracts": json_object,
        "factors": json_object,
        "log_doubts": json_list,
        "caveats": json_list,
        "detectors_off": json_list,
        "thresholds": json_amounts,
    },
)
_deployment = row_reader(
    TABLE,
    Deployment,
    column={"name": "deployment", "source": "deployment_source"},
    made={"contracts": orjson.loads, "factors": orjson.loads},
)
_block = column_reader(TABLE, "block_number", "block_hash", "block_time")
_scan = row_reader(
    TABLE,
    ScanRow,
    beside=("deployment", "block"),
    made={
        "log_doubts": texts_of,
        "caveats": texts_of,
        "detectors_off": texts_of,
        "thresholds": amounts_of,
    },
)


def from_row(row: Sequence[Any]) -> ScanRow:
    """The scan. Raises: ValueError, TypeError for what analyzer does not write."""
    number, block_hash, time = _block(row)
    if number is None or block_hash is None or time is None:
        raise ValueError("scans: a block without number, hash or time")
    block = BlockRef(number, block_hash, "", time)
    return _scan(row, deployment=_deployment(row), block=block)
