"""The first reads: the Pool's revision, the registry's addresses, the oracle's unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER, KIND, PROVIDER
from analyzer.protocols.aave_v3.logs.sources import ZERO_ADDRESS
from analyzer.protocols.aave_v3.revisions import Rules, rules_of
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.price_age import NOT_ASKED, SourceTime, read_times
from analyzer.protocols.kit.unreadable import Unreadable, needed

UMBRELLA_ID = b"UMBRELLA".ljust(32, b"\0")
"""Under which the provider keeps whoever may cover deficits."""


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What holds for the market as a whole at the block.

    sentinel, umbrella: "" where there is none. problem: why nothing can be known.
    """

    rules: Rules
    oracle: str
    base_unit: int
    fallback_oracle: str
    sentinel: str
    sentinel_allows: bool | Unreadable
    umbrella: str
    problem: Unreadable | None
    sequencer: SourceTime = NOT_ASKED
    """What the sentinel's feed says of the chain's sequencer: answer 0 = it runs."""


def read_market(contracts: Mapping[str, str], first_release: str | None) -> Reading[MarketFacts]:
    """Revision, oracle, sentinel. first_release: as `revisions.rules_of` needs it.

    Raises: InputError when provider and pool do not answer like an Aave V3 market; UnreadError
    when the node or the recording cannot say what everything depends on.
    """
    provider, pool = contracts[PROVIDER], contracts["pool"]
    first = Batch(ABI_FOLDER)
    revision_at = first.call("Pool", pool, "POOL_REVISION")
    oracle_at = first.call("PoolAddressesProvider", provider, "getPriceOracle")
    pool_at = first.call("PoolAddressesProvider", provider, "getPool")
    sentinel_at = first.call("PoolAddressesProvider", provider, "getPriceOracleSentinel")
    umbrella_at = first.call(
        "PoolAddressesProvider", provider, "getAddress", UMBRELLA_ID, about="UMBRELLA"
    )
    replies = yield from first.read()
    rules = rules_of(needed(replies.number(revision_at), pool, KIND), first_release)
    oracle = needed(replies.text(oracle_at), provider, KIND)
    named = needed(replies.text(pool_at), provider, KIND)
    if named.lower() != pool.lower():
        raise InputError(
            f"the addresses provider {provider} is of the pool {named}, not of {pool}: "
            "check [contracts] of the deployment"
        )
    sentinel = _address(replies, sentinel_at)
    second = Batch(ABI_FOLDER)
    unit_at = second.call("AaveOracle", oracle, "BASE_CURRENCY_UNIT")
    fallback_at = second.call("AaveOracle", oracle, "getFallbackOracle")
    asks_sentinel = rules.sentinel and sentinel != ""
    allowed_at = (
        second.call("PriceOracleSentinel", sentinel, "isLiquidationAllowed")
        if asks_sentinel
        else None
    )
    feed_at = (
        second.call("PriceOracleSentinel", sentinel, "getSequencerOracle", evidence=True)
        if sentinel
        else None
    )
    answers = yield from second.read()
    feed = "" if feed_at is None else _address(answers, feed_at)
    times = yield from read_times([feed] if feed else [])
    unit = answers.number(unit_at)
    return MarketFacts(
        rules=rules,
        oracle=oracle,
        base_unit=unit if isinstance(unit, int) else 1,
        fallback_oracle=_address(answers, fallback_at),
        sentinel=sentinel,
        sentinel_allows=_allows(answers, allowed_at),
        umbrella=_address(replies, umbrella_at) if rules.dust_rule else "",
        problem=_problem(rules, unit),
        sequencer=times.get(feed, NOT_ASKED),
    )


def _address(replies: Replies, ticket: Ticket) -> str:
    """An address, "" where it is zero or was not read."""
    address = replies.optional_text(ticket)
    return "" if address in (None, ZERO_ADDRESS) else str(address)


def _allows(replies: Replies, ticket: Ticket | None) -> bool | Unreadable:
    """What the sentinel says; True where it is not asked."""
    if ticket is None:
        return True
    value = replies.number(ticket)
    return value if isinstance(value, Unreadable) else bool(value)


def _problem(rules: Rules, unit: int | Unreadable) -> Unreadable | None:
    """Why no account can be known, or None."""
    if not rules.known:
        return Unreadable("POOL_REVISION", f"there are no rules for revision {rules.revision}")
    if isinstance(unit, Unreadable):
        return unit
    if unit <= 0 or WAD % unit:
        return Unreadable("BASE_CURRENCY_UNIT", f"{unit} does not divide 1e18")
    return None
