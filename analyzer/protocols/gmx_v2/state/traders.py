"""What lowers a trader's position fee: the tier in the DataStore, the code in the ReferralStorage.

Source: gmx-synthetics `ReferralUtils.sol`, `PositionPricingUtils.sol`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.gmx_v2.deployments import ABI_FOLDER
from analyzer.protocols.gmx_v2.keys import key
from analyzer.protocols.gmx_v2.records import Trader
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

TraderReads: TypeAlias = dict[str, Trader]
"""Account -> what lowers its fee."""

NO_CODE = "0x" + "0" * 64

K = TypeVar("K", str, int)


def read_traders(deployment: Deployment, accounts: Sequence[str]) -> Reading[TraderReads]:
    """The discounts of every account, in three batches: each asks what the one before names."""
    store, storage = deployment.contracts["DataStore"], deployment.contracts["ReferralStorage"]
    out = {account: Trader() for account in accounts}
    batch = Batch(ABI_FOLDER)
    tiers = {
        a: batch.call("DataStore", store, "getUint", key("PRO_TRADER_TIER", a), about=f"tier {a}")
        for a in accounts
    }
    codes = {a: batch.call("ReferralStorage", storage, "traderReferralCodes", a) for a in accounts}
    replies = yield from batch.read()
    for account, trader in out.items():
        trader.pro_tier = replies.number(tiers[account])
        trader.code = _hex(replies, codes[account])
    yield from _read_owners(store, storage, out)
    yield from _read_shares(store, storage, out)
    return out


def _read_owners(store: str, storage: str, traders: TraderReads) -> Reading[None]:
    """Who owns each code, and the discount of each tier of the DataStore."""
    batch = Batch(ABI_FOLDER)
    owners = _each(
        (t.code for t in traders.values() if isinstance(t.code, str) and t.code != NO_CODE),
        lambda code: batch.call("ReferralStorage", storage, "codeOwners", bytes.fromhex(code[2:])),
    )
    discounts = _each(
        (t.pro_tier for t in traders.values() if isinstance(t.pro_tier, int) and t.pro_tier),
        lambda tier: batch.call(
            "DataStore", store, "getUint", key("PRO_DISCOUNT_FACTOR", tier), about=f"tier {tier}"
        ),
    )
    replies = yield from batch.read()
    for trader in traders.values():
        if isinstance(trader.code, str) and trader.code in owners:
            trader.affiliate = replies.text(owners[trader.code])
        if isinstance(trader.pro_tier, int) and trader.pro_tier in discounts:
            trader.pro_discount = replies.number(discounts[trader.pro_tier])
        elif isinstance(trader.pro_tier, Unreadable):
            trader.pro_discount = trader.pro_tier


def _read_shares(store: str, storage: str, traders: TraderReads) -> Reading[None]:
    """The tier and own share of each affiliate, then what each tier gives."""
    batch = Batch(ABI_FOLDER)
    named = [t.affiliate for t in traders.values() if isinstance(t.affiliate, str) and t.affiliate]
    tiers = _each(named, lambda a: batch.call("ReferralStorage", storage, "referrerTiers", a))
    shares = _each(
        named, lambda a: batch.call("ReferralStorage", storage, "referrerDiscountShares", a)
    )
    replies = yield from batch.read()
    for trader in traders.values():
        if isinstance(trader.affiliate, str) and trader.affiliate:
            trader.tier = replies.number(tiers[trader.affiliate])
            trader.own_discount_share = replies.number(shares[trader.affiliate])
    yield from _read_tiers(store, storage, traders)


def _read_tiers(store: str, storage: str, traders: TraderReads) -> Reading[None]:
    """What each tier of affiliates gives, and the least that it leaves them."""
    batch = Batch(ABI_FOLDER)
    used = [t.tier for t in traders.values() if t.affiliate and isinstance(t.tier, int)]
    given = _each(used, lambda tier: batch.call("ReferralStorage", storage, "tiers", tier))
    least = _each(
        used,
        lambda tier: batch.call(
            "DataStore",
            store,
            "getUint",
            key("MIN_AFFILIATE_REWARD_FACTOR", tier),
            about=f"least reward of tier {tier}",
        ),
    )
    replies = yield from batch.read()
    for trader in traders.values():
        if not trader.affiliate:
            continue
        if isinstance(trader.tier, Unreadable):
            trader.total_rebate = trader.discount_share = trader.tier
            continue
        found = replies.integers(given[trader.tier])
        if isinstance(found, Unreadable):
            trader.total_rebate = trader.discount_share = found
        else:
            trader.total_rebate, trader.discount_share = found
        trader.min_affiliate_reward = replies.number(least[trader.tier])


def _each(items: Iterable[K], ask: Callable[[K], Ticket]) -> dict[K, Ticket]:
    """One question for each different item."""
    return {item: ask(item) for item in dict.fromkeys(items)}


def _hex(replies: Replies, ticket: Ticket) -> str | Unreadable:
    """32 bytes as 0x text."""
    value = replies.value(ticket)
    if isinstance(value, Unreadable):
        return value
    return "0x" + value.hex() if isinstance(value, bytes) else NO_CODE
