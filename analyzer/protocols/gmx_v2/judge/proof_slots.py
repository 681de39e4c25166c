"""Where our numbers lie in the DataStore, so that a proof against the state root is of them.

Source: gmx-synthetics `DataStore.sol`, whose first variables are one mapping for each type, the
same in all its revisions, and `PositionStoreUtils.sol`. No recording holds words of it to compare
with: so a word that does not hold our number is told as not provable, and a 0 is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.abi.codec import encode_values, mapping_slot
from analyzer.abi.keccak import keccak
from analyzer.protocols.base import ProofSlot, StoredNumbers
from analyzer.protocols.gmx_v2.keys import name_hash
from analyzer.protocols.gmx_v2.records import Position, Setting
from analyzer.protocols.gmx_v2.settings import Wanted, of_everything, of_market
from analyzer.protocols.gmx_v2.state.state import GmxState, state_of
from analyzer.protocols.gmx_v2.state.whole import stored_numbers
from analyzer.protocols.gmx_v2.value.value import GmxValued

_MAPPINGS = {"getUint": 0, "getInt": 1, "getBool": 3}
"""The slot of the mapping that a getter reads."""
_POSITION = (
    ("SIZE_IN_USD", "size_in_usd", "getUint"),
    ("SIZE_IN_TOKENS", "size_in_tokens", "getUint"),
    ("COLLATERAL_AMOUNT", "collateral_amount", "getUint"),
    ("PENDING_IMPACT_AMOUNT", "pending_impact_amount", "getInt"),
    ("BORROWING_FACTOR", "borrowing_factor", "getUint"),
    ("FUNDING_FEE_AMOUNT_PER_SIZE", "funding_fee_per_size", "getUint"),
    ("LONG_TOKEN_CLAIMABLE_FUNDING_AMOUNT_PER_SIZE", "claimable_long_per_size", "getUint"),
    ("SHORT_TOKEN_CLAIMABLE_FUNDING_AMOUNT_PER_SIZE", "claimable_short_per_size", "getUint"),
)
_NOT_IN_STORAGE = (
    "prices: the oracle gets them signed, with each transaction, and keeps none",
    "numbers that are 0: of the DataStore no layout was compared with real words, and a word that"
    " was never written is 0 anywhere",
    "supplies of market tokens, discounts of traders and shared inventories: nobody has said where"
    " they lie",
)


def proof_slots(valued: GmxValued, account_ids: Sequence[str]) -> StoredNumbers:
    """The numbers of these positions, of all markets, and of the parameters, with their words."""
    state = state_of(valued.book)
    store = state.contracts["DataStore"]
    named = list(_settings(state, store))
    for number in () if state.evidence is None else stored_numbers(state.evidence.ledger):
        market = number.market or None
        what = _named(number.name, number.token, number.is_long)
        named += _word(store, None, market, what, number.key, number.rebuilt, number.getter)
    for account_id in account_ids:
        named += _position(store, state.positions[account_id])
    return StoredNumbers(tuple(named), _NOT_IN_STORAGE)


def _position(store: str, position: Position) -> Iterator[ProofSlot]:
    """What the DataStore keeps of one position."""
    for name, attribute, getter in _POSITION:
        key = position_field_key(position.key, name)
        number = getattr(position, attribute)
        yield from _word(store, position.key, position.market, name, key, number, getter)


def position_field_key(position: str, name: str) -> bytes:
    """The key of one field of a position: keccak(abi.encode(position key, hash of the name))."""
    words = [bytes.fromhex(position[2:]), name_hash(name)]
    return keccak(encode_values(["bytes32", "bytes32"], words))


def _settings(state: GmxState, store: str) -> Iterator[ProofSlot]:
    """The parameters of everything, and of each market."""
    for wanted in of_everything():
        yield from _setting(store, None, wanted, state.settings.get(wanted.label))
    for address, market in state.markets.items():
        for wanted in of_market(address):
            yield from _setting(store, address, wanted, market.settings.get(wanted.label))


def _setting(
    store: str, market: str | None, wanted: Wanted, value: Setting | None
) -> Iterator[ProofSlot]:
    """One parameter, where it was read."""
    if isinstance(value, int):
        yield from _word(store, None, market, wanted.label, wanted.key, value, wanted.getter)


def _named(name: str, token: str, is_long: bool | None) -> str:
    """What a number of a market is called."""
    side = "" if is_long is None else " of longs" if is_long else " of shorts"
    return f"{name}{side}{f' in {token}' if token else ''}"


def _word(
    store: str, account: str | None, market: str | None, what: str, key: bytes, number: int,
    getter: str,
) -> Iterator[ProofSlot]:  # fmt: skip
    """One number of the DataStore; nothing for a 0, which proves nothing of an unsure layout."""
    if number:
        slot = mapping_slot(key, _MAPPINGS[getter])
        bits = 8 if getter == "getBool" else 256
        yield ProofSlot(
            account, market, "DataStore", store, slot, what, number, 0, bits, sure=False
        )
