"""Account and order words of storage: the check of the fold, and what no log carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.model.integers import to_int256
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER
from analyzer.protocols.perp_v2.logs.fold.ledger import AccountLedger
from analyzer.protocols.perp_v2.records import Order
from analyzer.protocols.perp_v2.state import slots

ACCOUNTS_AT_ONCE = 2_000
"""Accounts a batch: some 20,000 words, so that memory does not grow with the protocol."""


@dataclass(slots=True)
class MarketWords:
    """AccountBalance's record of an account in a market, signed, and its number of orders."""

    size: int | Unreadable
    notional: int | Unreadable
    growth: int | Unreadable
    orders: int | Unreadable


@dataclass(slots=True)
class AccountWords:
    """One account's words of storage; each its own Unreadable where it was not read.

    orders: order id -> the order as storage has it.
    """

    owed: int | Unreadable
    market_count: int | Unreadable
    balances: dict[str, int | Unreadable] = field(default_factory=dict)
    markets: dict[str, MarketWords] = field(default_factory=dict)
    orders: dict[str, Order | Unreadable] = field(default_factory=dict)


@dataclass(slots=True)
class _Tickets:
    """The reads of one account."""

    owed: Ticket
    market_count: Ticket
    balances: dict[str, Ticket]
    markets: dict[str, list[Ticket]]
    orders: dict[str, list[Ticket]]


def read_accounts(
    contracts: Mapping[str, str], accounts: Mapping[str, AccountLedger], settlement_token: str
) -> Reading[dict[str, AccountWords]]:
    """The words of every account, for each token and market it ever touched."""
    entries = list(accounts.items())
    out: dict[str, AccountWords] = {}
    for start in range(0, len(entries), ACCOUNTS_AT_ONCE):
        batch = Batch(ABI_FOLDER)
        asked = {
            address: _ask(batch, contracts, address, entry, settlement_token)
            for address, entry in entries[start : start + ACCOUNTS_AT_ONCE]
        }
        replies = yield from batch.read()
        out |= {address: _words(replies, tickets) for address, tickets in asked.items()}
    return out


def _ask(
    batch: Batch,
    contracts: Mapping[str, str],
    address: str,
    entry: AccountLedger,
    settlement_token: str,
) -> _Tickets:
    """One account's questions."""
    book, accounts, vault = (contracts[r] for r in ("order_book", "account_balance", "vault"))

    def account_slot(slot: int, what: str) -> Ticket:
        key = slots.of(slot, address)
        return batch.slot(accounts, key, f"AccountBalance.{what}", address)

    balances = slots.of(slots.VAULT_BALANCES, address)
    records = slots.of(slots.ACCOUNT_MARKETS, address)
    order_ids = slots.of(slots.ORDER_BOOK_ORDER_IDS, address)
    markets = {}
    for base in sorted(entry.markets):
        first = slots.of(records, base)
        about = f"{address}, {base}"
        markets[base] = [
            batch.slot(accounts, first + word, f"AccountBalance.accountMarket.{name}", about)
            for word, name in enumerate(("size", "openNotional", "growth"))
        ] + [batch.slot(book, slots.of(order_ids, base), "OrderBook.openOrderIds.length", about)]
    return _Tickets(
        owed=account_slot(slots.ACCOUNT_OWED_PNL, "owedRealizedPnl"),
        market_count=account_slot(slots.ACCOUNT_BASE_TOKENS, "baseTokens.length"),
        balances={
            token: batch.slot(vault, slots.of(balances, token), "Vault.balance", address)
            for token in (settlement_token, *sorted(entry.tokens))
        },
        markets=markets,
        orders={
            order.order_id: _ask_order(batch, book, order)
            for record in entry.account.markets.values()
            for order in record.orders.values()
        },
    )


def _ask_order(batch: Batch, book: str, order: Order) -> list[Ticket]:
    """The seven words of one order."""
    first = slots.of(slots.ORDER_BOOK_ORDERS, bytes.fromhex(order.order_id[2:]))
    return [
        batch.slot(book, first + word, "OrderBook.openOrder", order.order_id)
        for word in range(slots.ORDER_WORDS)
    ]


def _signed(word: int | Unreadable) -> int | Unreadable:
    """A word read as int256."""
    return word if isinstance(word, Unreadable) else to_int256(word)


def _words(replies: Replies, tickets: _Tickets) -> AccountWords:
    """One account's answers."""
    return AccountWords(
        owed=_signed(replies.word(tickets.owed)),
        market_count=replies.word(tickets.market_count),
        balances={
            token: _signed(replies.word(ticket)) for token, ticket in tickets.balances.items()
        },
        markets={base: _record(replies, asked) for base, asked in tickets.markets.items()},
        orders={
            order_id: order_from_words(order_id, [replies.word(ticket) for ticket in asked])
            for order_id, asked in tickets.orders.items()
        },
    )


def _record(replies: Replies, tickets: list[Ticket]) -> MarketWords:
    """One record's answers: three signed words and the length of the order list."""
    size, notional, growth = (_signed(replies.word(ticket)) for ticket in tickets[:3])
    return MarketWords(size, notional, growth, replies.word(tickets[3]))


def order_from_words(order_id: str, words: list[int | Unreadable]) -> Order | Unreadable:
    """An order from its seven words.

    Word 0, from its low end: liquidity (16 bytes), lower tick (3), upper tick (3).
    """
    read = [word for word in words if not isinstance(word, Unreadable)]
    if len(read) < len(words):
        return next(word for word in words if isinstance(word, Unreadable))
    packed, fee, inside, below, div_inside, base_debt, quote_debt = read
    raw = packed.to_bytes(32, "big")
    return Order(
        order_id=order_id,
        lower_tick=int.from_bytes(raw[13:16], "big", signed=True),
        upper_tick=int.from_bytes(raw[10:13], "big", signed=True),
        liquidity=int.from_bytes(raw[16:], "big"),
        base_debt=base_debt,
        quote_debt=quote_debt,
        last_fee_growth_inside_x128=fee,
        last_tw_premium_growth_inside_x96=to_int256(inside),
        last_tw_premium_growth_below_x96=to_int256(below),
        last_tw_premium_div_by_sqrt_price_growth_inside_x96=to_int256(div_inside),
    )
