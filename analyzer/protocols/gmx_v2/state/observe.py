"""What logs cannot give, read at the pinned block: settings, discounts, supplies; and what must be.

No view of the Reader is asked here: only what the DataStore and the ReferralStorage store, and
supplies and decimals of tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.gmx_v2.deployments import (
    ABI_FOLDER,
    KIND,
    SYNTHETIC_DECIMALS,
    is_synthetic,
    symbol_of,
)
from analyzer.protocols.gmx_v2.keys import key
from analyzer.protocols.gmx_v2.logs.fold.ledger import GmxLedger
from analyzer.protocols.gmx_v2.logs.fold.markets import NOTHING
from analyzer.protocols.gmx_v2.records import Setting, Token
from analyzer.protocols.gmx_v2.settings import Wanted, of_everything, of_market
from analyzer.protocols.gmx_v2.state.traders import TraderReads, read_traders
from analyzer.protocols.gmx_v2.state.whole import MustExist, read_whole
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.code import CodeAt, read_code
from analyzer.protocols.kit.unreadable import Unreadable, needed

_CODE_OF = ("DataStore", "EventEmitter", "Reader", "ReferralStorage")


@dataclass(slots=True)
class GmxObservation:
    """Everything that was read at the block. markets: market -> its settings by label."""

    settings: dict[str, Setting]
    markets: dict[str, dict[str, Setting]]
    supplies: dict[str, Setting]
    virtual_ids: dict[str, str | Unreadable | None]
    virtual_market_ids: dict[str, str | Unreadable | None]
    virtual_in_tokens: dict[str, Setting]
    tokens: dict[str, Token]
    traders: TraderReads
    must_exist: MustExist
    implementations: list[ImplementationRow] = field(default_factory=list)


def observe(deployment: Deployment, ledger: GmxLedger, block: BlockRef) -> Reading[GmxObservation]:
    """The reads in dependent batches; the driver performs them, pinned at `block`.

    Raises: UnreadError when the block's state was not recorded or cannot be read, InputError when
    the DataStore does not answer like one.
    """
    store = deployment.contracts["DataStore"]
    batch = Batch(ABI_FOLDER)
    asked = _ask(batch, store, of_everything())
    by_market = {market: _ask(batch, store, of_market(market)) for market in ledger.markets}
    supplies = {m: batch.call("ERC20", m, "totalSupply", about=m) for m in ledger.markets}
    virtual, swaps = _ask_shared(batch, store, ledger)
    replies = yield from batch.read()
    settings = _take(replies, asked)
    needed(settings["MIN_COLLATERAL_USD"], store, KIND)
    ids = {token: _virtual_id(replies, ticket) for token, ticket in virtual.items()}
    in_tokens = yield from _read_virtual_in_tokens(store, ids)
    traders = yield from read_traders(deployment, _owners(ledger))
    tokens = yield from _read_tokens(deployment, ledger)
    must_exist = yield from read_whole(store, ledger)
    code = yield from read_code(
        [CodeAt(name, name, deployment.contracts[name]) for name in _CODE_OF], _known_code
    )
    return GmxObservation(
        settings=settings,
        markets={market: _take(replies, tickets) for market, tickets in by_market.items()},
        supplies={market: replies.number(ticket) for market, ticket in supplies.items()},
        virtual_ids=ids,
        virtual_market_ids={m: _virtual_id(replies, ticket) for m, ticket in swaps.items()},
        virtual_in_tokens=in_tokens,
        tokens=tokens,
        traders=traders,
        must_exist=must_exist,
        implementations=code,
    )


def _ask_shared(
    batch: Batch, store: str, ledger: GmxLedger
) -> tuple[dict[str, Ticket], dict[str, Ticket]]:
    """Questions for what markets share: the id of each index's inventory, and of each market's
    inventory of pool tokens, which no margin needs."""
    indexes = dict.fromkeys(market.index_token for market in ledger.markets.values())
    of_index = {
        token: batch.call(
            "DataStore", store, "getBytes32", key("VIRTUAL_TOKEN_ID", token), about=f"of {token}"
        )
        for token in indexes
        if token != NOTHING
    }
    pool_tokens = {
        market: batch.call(
            "DataStore",
            store,
            "getBytes32",
            key("VIRTUAL_MARKET_ID", market),
            about=f"virtual market of {market}",
            evidence=True,
        )
        for market in ledger.markets
    }
    return of_index, pool_tokens


def _known_code(kind: str, code_hash: str) -> str | None:
    """No code of this protocol is known by its hash: it carries the addresses of its libraries."""
    return None


def _owners(ledger: GmxLedger) -> Sequence[str]:
    """Every trader with an open position, once."""
    return list(dict.fromkeys(position.account for position in ledger.positions.values()))


def _ask(batch: Batch, store: str, wanted: Iterable[Wanted]) -> dict[str, Ticket]:
    """Questions for numbers of the DataStore, by label."""
    return {
        one.label: batch.call(
            "DataStore", store, one.getter, one.key, about=one.label, evidence=one.evidence
        )
        for one in wanted
    }


def _take(replies: Replies, asked: Mapping[str, Ticket]) -> dict[str, Setting]:
    """The numbers by label; a flag is 0 or 1."""
    out: dict[str, Setting] = {}
    for label, ticket in asked.items():
        value = replies.number(ticket)
        out[label] = value if isinstance(value, Unreadable) else int(value)
    return out


def _virtual_id(replies: Replies, ticket: Ticket) -> str | Unreadable | None:
    """The id under which markets of an index share their inventory; None = it has none."""
    value = replies.value(ticket)
    if isinstance(value, Unreadable):
        return value
    raw = bytes(value) if isinstance(value, bytes) else b""
    return "0x" + raw.hex() if any(raw) else None


def _read_virtual_in_tokens(
    store: str, ids: Mapping[str, str | Unreadable | None]
) -> Reading[dict[str, Setting]]:
    """The shared inventory in index tokens, which no event carries, by virtual id."""
    batch = Batch(ABI_FOLDER)
    asked = {}
    for found in ids.values():
        if isinstance(found, str) and found not in asked:
            at = key("VIRTUAL_INVENTORY_FOR_POSITIONS_IN_TOKENS", bytes.fromhex(found[2:]))
            asked[found] = batch.call(
                "DataStore", store, "getInt", at, about=f"virtual inventory in tokens {found}"
            )
    replies = yield from batch.read()
    return {one: replies.number(ticket) for one, ticket in asked.items()}


def _read_tokens(deployment: Deployment, ledger: GmxLedger) -> Reading[dict[str, Token]]:
    """Every token of a market: symbol by the deployment, else by itself; decimals by itself."""
    labels = {address.lower(): name for name, address in deployment.contracts.items()}
    listed = dict.fromkeys(
        token
        for market in ledger.markets.values()
        for token in (market.index_token, market.long_token, market.short_token)
        if token != NOTHING
    )
    batch = Batch(ABI_FOLDER)
    decimals, symbols = {}, {}
    for token in listed:
        label = labels.get(token.lower())
        if label is None:
            symbols[token] = batch.call("ERC20", token, "symbol", about=token, evidence=True)
        if label is None or not is_synthetic(label):
            decimals[token] = batch.call("ERC20", token, "decimals", about=token, evidence=True)
    replies = yield from batch.read()
    out = {}
    for token in listed:
        symbol = (
            symbol_of(labels[token.lower()])
            if token not in symbols
            else (replies.optional_text(symbols[token]) or token)
        )
        said = replies.optional(decimals[token]) if token in decimals else None
        found = SYNTHETIC_DECIMALS.get(symbol) if said is None else said
        out[token] = Token(
            token,
            symbol,
            18 if found is None else found,
            found is not None,
            ledger.prices.get(token),
        )
    return out
