"""The public surface for authors of protocols: one import root.

What a protocol needs of this package is exported here: the types that cross its edge, exact
integers, reads and batches, the number that cannot be had, folds, prices' ages, code, wiring,
factors, filters, judges, simulation, and the plug made of stages. docs/authors.md says what each
is for; a name that is not in `__all__` may change without notice.
"""

from __future__ import annotations

from analyzer.abi.codec import mapping_slot
from analyzer.abi.contract import ContractAbi, load_abi
from analyzer.abi.keccak import checksum
from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, Book, LegKind, Price, Prices, PriceStatus, make_book
from analyzer.model.closure import Closure, Executed, Transfer
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.integers import (
    INT256_MAX,
    INT256_MIN,
    WAD,
    ceil_div,
    clamp,
    floor_div,
    mul_div,
    mul_div_up,
    to_int256,
    trunc_div,
    wrap_uint256,
)
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.model.rows import (
    FEED_ROLE,
    AccountRow,
    BackstopKind,
    BackstopRow,
    CodeStatus,
    CollateralRow,
    ImplementationRow,
    MarginRow,
    MarketRow,
    OrderRow,
    PositionRow,
    Proves,
    StatementLine,
    TotalRow,
    unknown_margin,
)
from analyzer.protocols.base import (
    Caution,
    Details,
    Expected,
    Judge,
    Ledger,
    Observation,
    Plug,
    ProofSlot,
    Repriced,
    SilentChange,
    Source,
    StoredNumbers,
    Valued,
)
from analyzer.protocols.kit.arguments import FoldNote, blob, integer, text
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.code import CodeAt, Known, load_known, read_code
from analyzer.protocols.kit.equities import Equities
from analyzer.protocols.kit.factors import default_factor, factor_of
from analyzer.protocols.kit.float_filter import NEAR, slack, sums, suspects
from analyzer.protocols.kit.folding import at_first, count_event, listed, note
from analyzer.protocols.kit.judging import Question, ask, judge_selectors
from analyzer.protocols.kit.named_data import named_event
from analyzer.protocols.kit.price_age import SourceTime, doubts_of, read_times, status_of
from analyzer.protocols.kit.resumable import ResumableFold
from analyzer.protocols.kit.rows_of import RowsOf
from analyzer.protocols.kit.shipped import load_shipped, require_contracts
from analyzer.protocols.kit.staged import StagedPlug, Stages, asks_nothing, checked_type
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.protocols.kit.statement import Lines, Statements
from analyzer.protocols.kit.stored_words import WordsOf
from analyzer.protocols.kit.ticks import (
    amount0,
    amount1,
    amounts_in_range,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)
from analyzer.protocols.kit.unreadable import (
    Unreadable,
    UnreadableNumberError,
    attempt,
    known,
    needed,
    reverts,
)
from analyzer.protocols.kit.wiring import NamedBy, check_wiring
from analyzer.protocols.simulation import (
    Least,
    Many,
    Offer,
    Quick,
    Receipt,
    Shape,
    Simulation,
    Stake,
    Standing,
    Terms,
    Versioned,
)

__all__ = [
    "FEED_ROLE",
    "INT256_MAX",
    "INT256_MIN",
    "NEAR",
    "WAD",
    "AccountRow",
    "Asset",
    "BackstopKind",
    "BackstopRow",
    "Batch",
    "BlockRef",
    "Book",
    "Caution",
    "Closure",
    "CodeAt",
    "CodeStatus",
    "CodecError",
    "CollateralRow",
    "ContractAbi",
    "Deployment",
    "Details",
    "Equities",
    "Event",
    "Executed",
    "Expected",
    "FoldNote",
    "ImplementationRow",
    "InputError",
    "Judge",
    "Known",
    "Least",
    "Ledger",
    "LegKind",
    "Lines",
    "Many",
    "MarginRow",
    "MarketRow",
    "NamedBy",
    "Observation",
    "Offer",
    "OrderRow",
    "Plug",
    "PositionRow",
    "Price",
    "PriceStatus",
    "Prices",
    "ProofSlot",
    "Proves",
    "Question",
    "Quick",
    "Reading",
    "Receipt",
    "Replies",
    "Repriced",
    "ResumableFold",
    "RowsOf",
    "Shape",
    "SilentChange",
    "Simulation",
    "Source",
    "SourceTime",
    "StagedPlug",
    "Stages",
    "Stake",
    "Standing",
    "StatementLine",
    "Statements",
    "StoredNumbers",
    "Terms",
    "Ticket",
    "TotalRow",
    "Transfer",
    "UnreadError",
    "Unreadable",
    "UnreadableNumberError",
    "Valued",
    "Versioned",
    "WordsOf",
    "amount0",
    "amount1",
    "amounts_in_range",
    "ask",
    "asks_nothing",
    "at_first",
    "attempt",
    "blob",
    "ceil_div",
    "check_wiring",
    "checked_type",
    "checksum",
    "clamp",
    "count_event",
    "default_factor",
    "doubts_of",
    "factor_of",
    "floor_div",
    "integer",
    "judge_selectors",
    "known",
    "listed",
    "load_abi",
    "load_known",
    "load_shipped",
    "make_book",
    "mapping_slot",
    "mul_div",
    "mul_div_up",
    "named_event",
    "needed",
    "note",
    "read_code",
    "read_times",
    "require_contracts",
    "reverts",
    "slack",
    "sqrt_ratio_at_tick",
    "status_of",
    "sums",
    "suspects",
    "text",
    "tick_at_sqrt_ratio",
    "to_int256",
    "trunc_div",
    "unknown_margin",
    "wrap_uint256",
]
