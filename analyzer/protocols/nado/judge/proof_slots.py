"""Where our numbers lie in storage, so that a proof against the state root is of them.

Source: the storage layout of nadohq/nado-contracts 1.1.0 (`state.slots`), from which the rebuild
reads too; of every block of its recording each word named here was found to hold our number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.protocols.base import ProofSlot, StoredNumbers
from analyzer.protocols.kit.stored_words import WordsOf
from analyzer.protocols.nado.account_ids import Kind, key, kind_of
from analyzer.protocols.nado.records import Account, PerpProduct, Risk, SpotProduct
from analyzer.protocols.nado.state import slots
from analyzer.protocols.nado.state.state import NadoState, state_of
from analyzer.protocols.nado.value.value import NadoValued

_HALF = 128
_WEIGHTS = ("long_initial", "short_initial", "long_maintenance", "short_maintenance")
_NOT_IN_STORAGE = (
    "what tokens hold for the Clearinghouse: each token keeps its balances in a place of its own",
    "deposits that wait in the queue: they are bytes of a request, and in no margin",
)


def proof_slots(valued: NadoValued, account_ids: Sequence[str]) -> StoredNumbers:
    """The numbers of these accounts, of every product that was read, and of the venue."""
    state = state_of(valued.book)
    named = list(_venue(state))
    for account_id in account_ids:
        if account_id not in state.unreadable:
            named += _account(state, state.accounts[account_id])
    for spot in state.spots.values():
        if spot.product_id not in state.problems:
            named += _spot(state, spot)
    for perp in state.perps.values():
        if perp.product_id not in state.problems:
            named += _perp(state, perp)
    return StoredNumbers(tuple(named), _NOT_IN_STORAGE)


def _account(state: NadoState, account: Account) -> Iterator[ProofSlot]:
    """One account: what it has of every product, nothing included, and whose it is."""
    who = account.account_id
    for product in state.spots:
        spot = WordsOf("SpotEngine", state.contracts["SpotEngine"], who, str(product))
        at = slots.of(slots.SPOT_BALANCES, product, key(who))
        yield spot.holds(at, "spot balance", account.spot.get(product, 0), 0, _HALF)
    for product in state.perps:
        held = account.perps.get(product)
        perp = WordsOf("PerpEngine", state.contracts["PerpEngine"], who, str(product))
        at = slots.of(slots.PERP_BALANCES, product, key(who))
        size, quote = (held.amount, held.v_quote) if held is not None else (0, 0)
        yield from perp.halves(at, ("size", size), ("vQuote", quote))
        if held is not None:
            yield perp.holds(at + 1, "lastCumulativeFunding", held.last_funding, 0, _HALF)
    if kind_of(who) is Kind.ISOLATED:
        exchange = WordsOf("OffchainExchange", state.contracts["OffchainExchange"], who)
        parent = int(account.parent or "0x0", 16)
        yield exchange.holds(slots.of(slots.EXCHANGE_PARENTS, key(who)), "parent", parent)


def _risk(engine: WordsOf, product: int, risk: Risk) -> Iterator[ProofSlot]:
    """A product's weights, stored with nine decimals, and its price."""
    at = slots.of(slots.RISK, product)
    for place, name in enumerate(_WEIGHTS):
        weight = getattr(risk, name) // slots.WEIGHT_UNIT
        bits = slots.WEIGHT_BITS
        yield engine.holds(at, f"{name} weight (9 decimals)", weight, bits * place, bits)
    yield engine.holds(at, "price", risk.price, _HALF, _HALF)


def _spot(state: NadoState, spot: SpotProduct) -> Iterator[ProofSlot]:
    """A spot product: weights, price, curve of interest, multipliers, totals."""
    product, config = spot.product_id, spot.config
    engine = WordsOf("SpotEngine", state.contracts["SpotEngine"], None, str(product))
    yield from _risk(engine, product, spot.risk)
    at = slots.of(slots.SPOT_CONFIG, product)
    yield engine.holds(at, "token", int(spot.token, 16), 0, 160)
    inflection, floor = config.inflection, config.floor
    yield from engine.halves(at + 1, ("interestInflection", inflection), ("interestFloor", floor))
    small, large = config.small_cap, config.large_cap
    yield from engine.halves(at + 2, ("interestSmallCap", small), ("interestLargeCap", large))
    fee, rate = config.withdraw_fee, config.min_deposit_rate
    yield from engine.halves(at + 3, ("withdrawFee", fee), ("minDepositRate", rate))
    at = slots.of(slots.SPOT_STATES, product)
    yield from engine.halves(
        at,
        ("cumulativeDepositsMultiplier", spot.deposit_multiplier),
        ("cumulativeBorrowsMultiplier", spot.borrow_multiplier),
    )
    deposits, borrows = spot.deposits, spot.borrows
    yield from engine.halves(
        at + 1, ("totalDepositsNormalized", deposits), ("totalBorrowsNormalized", borrows)
    )
    if spot.sequencer_fees is not None:
        endpoint = WordsOf("Endpoint", state.contracts["Endpoint"], None, str(product))
        at = slots.of(slots.ENDPOINT_FEES, product)
        yield endpoint.holds(at, "sequencerFee", spot.sequencer_fees, 0, _HALF)


def _perp(state: NadoState, perp: PerpProduct) -> Iterator[ProofSlot]:
    """A perp product: weights, price, funding of either side, totals, its market's increment."""
    product = perp.product_id
    engine = WordsOf("PerpEngine", state.contracts["PerpEngine"], None, str(product))
    yield from _risk(engine, product, perp.risk)
    at = slots.of(slots.PERP_STATES, product)
    yield from engine.halves(
        at,
        ("cumulativeFundingLong", perp.funding_long),
        ("cumulativeFundingShort", perp.funding_short),
    )
    available, interest = perp.available, perp.open_interest
    yield from engine.halves(at + 1, ("availableSettle", available), ("openInterest", interest))
    exchange = WordsOf("OffchainExchange", state.contracts["OffchainExchange"], None, str(product))
    at = slots.of(slots.EXCHANGE_MARKETS, product)
    increment = perp.size_increment // slots.MARKET_UNIT
    yield exchange.holds(at, "sizeIncrement (9 decimals)", increment, 64, 64)
    yield exchange.holds(at, "collectedFees", perp.collected_fees, _HALF, _HALF)


def _venue(state: NadoState) -> Iterator[ProofSlot]:
    """What holds for all accounts: insurance, spreads, times, and how many accounts there are."""
    clearing = WordsOf("Clearinghouse", state.contracts["Clearinghouse"])
    insurance, fees = state.insurance, state.last_fees
    yield from clearing.halves(
        slots.CLEARING_INSURANCE, ("insurance", insurance), ("lastLiquidationFees", fees)
    )
    pairs = sum(
        (spot | perp << 8) << 16 * place for place, (spot, perp) in enumerate(state.spreads)
    )
    bits = 16 * (len(state.spreads) + 1) if len(state.spreads) < 16 else 256
    yield clearing.holds(slots.CLEARING_SPREADS, "spreads", pairs, 0, bits)
    endpoint = WordsOf("Endpoint", state.contracts["Endpoint"])
    perp_time, spot_time = state.perp_time, state.spot_time
    yield from endpoint.halves(
        slots.ENDPOINT_TIMES, ("perpTime", perp_time), ("spotTime", spot_time)
    )
    if state.evidence is not None:
        listed = state.evidence.listed
        yield endpoint.holds(slots.ENDPOINT_ACCOUNT_COUNT, "numSubaccounts", listed)
