"""The table `proved_words`: our numbers, and the storage words that are proved to hold them."""

from __future__ import annotations

from analyzer.model.certificate import ProvedWord
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Table, count, text

TABLE = Table(
    "proved_words",
    "Numbers of the rebuild that a storage word holds, each proved against the block's state root"
    " (`scan --prove state`). One row per scan and number.",
    (
        SCAN,
        count("word_no", "Number of the row, from 1.", key=True),
        text("account_id", "Account; NULL = of none."),
        text("market_id", "Market; NULL = of none."),
        text("contract", "Role of the contract whose storage it is."),
        text("address", "Its address."),
        text("slot", "Storage slot, 0x and 64 digits."),
        text("what", "What the number is."),
        text("number", "Our number, decimal."),
        count("first_bit", "Lowest bit of the word in which it lies."),
        count("bits", "How many bits it has."),
        text("word", "The proved word, 0x and 64 digits."),
        text("storage_root", "The contract's storage root, proved against the state root."),
    ),
)

to_row = row_writer(TABLE, ProvedWord, beside=("scan_id", "word_no"))
from_row = row_reader(TABLE, ProvedWord)
