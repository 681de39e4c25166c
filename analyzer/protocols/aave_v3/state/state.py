"""Aave V3's own state, as integers: what `fold` and `observe` give and `margin` reads.

Names follow the contracts. Addresses are checksummed text; amounts are in the token's own
decimals, scaled amounts times index (ray) are amounts; percentages are bps; prices are in the
base currency's unit (`base_unit`, mostly 1e8 = one US dollar).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from analyzer.model.book import Book
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger
from analyzer.protocols.aave_v3.ray_math import percent_mul, ray_mul
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.balances import Side, balance_of
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes, grown
from analyzer.protocols.aave_v3.revisions import Rules
from analyzer.protocols.aave_v3.words import ReserveConfig
from analyzer.protocols.kit.price_age import NOT_ASKED, SourceTime
from analyzer.protocols.kit.staged import checked_type
from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Category:
    """One efficiency-mode category. price_source: zero address text or "" = none; price: of that
    source in the base currency."""

    number: int
    ltv_bps: int
    threshold_bps: int
    bonus_bps: int
    label: str = ""
    collateral_bitmap: int = 0
    ltv_zero_bitmap: int = 0
    isolated: bool = False
    price_source: str = ""
    price: int | Unreadable | None = None


@dataclass(frozen=True, slots=True)
class PriceFact:
    """The oracle's answer for one asset: base currency units, and where it came from.

    source: "" where nobody named one. status, updated_at, note: how old the answer is by what the
    source says of itself (`rounds.status_of`). aggregator: behind the source, "" = none.
    """

    price: int | Unreadable
    source: str
    updated_at: int | None = None
    note: str = NOT_ASKED.why
    status: str = "undated"
    aggregator: str = ""


@dataclass(frozen=True, slots=True)
class ReserveState:
    """One listed reserve at the block.

    indexes: as stored. income_ray, debt_ray: the normalized indexes at the block's time. accrued:
    scaled supply not yet minted to the treasury. virtual_balance, underlying_held (by the aToken),
    scaled_supply, scaled_debt, stable_supply (principal): None when not read or not there.
    grace_until: no liquidations up to this unix second.
    """

    asset: str
    id: int
    symbol: str
    config: ReserveConfig
    config_word: int
    indexes: ReserveIndexes
    income_ray: int
    debt_ray: int
    a_token: str
    stable_token: str
    variable_token: str
    accrued_to_treasury: int
    unbacked: int
    isolation_debt: int
    price: PriceFact
    factor: str = ""
    deficit: int | None = 0
    grace_until: int = 0
    treasury: str | None = None
    virtual_balance: int | None = None
    underlying_held: int | None = None
    scaled_supply: int | None = None
    scaled_debt: int | None = None
    stable_supply: int | None = None

    @property
    def unit(self) -> int:
        """One whole token."""
        return int(10**self.config.decimals)

    def at_time(self, rules: Rules, now: int) -> ReserveState:
        """The same reserve with the normalized indexes of another time."""
        income, debt = grown(rules, self.indexes, now)
        return replace(self, income_ray=income, debt_ray=debt)


@dataclass(slots=True)
class AaveState:
    """The whole market at one block: what `Book.state` of an Aave V3 book is.

    sentinel_allows: what the sentinel says of liquidations, True where there is none or the
    revision does not ask. sequencer: what its feed says of the chain's sequencer. problem: why
    nothing can be known (an unknown revision, a pool that does not answer). discounts: asset ->
    account -> discount on the interest of its debt, bps. listed: assets of the reserves that the
    Pool lists, None when not read. ledger, implementations: the evidence behind it.
    """

    block_number: int
    block_time: int
    contracts: Mapping[str, str]
    rules: Rules
    base_unit: int
    reserves: dict[str, ReserveState]
    categories: dict[int, Category]
    accounts: dict[str, Account]
    sentinel: str = ""
    sentinel_allows: bool | Unreadable = True
    sequencer: SourceTime = NOT_ASKED
    umbrella: str | None = None
    problem: Unreadable | None = None
    unread_reserves: dict[str, Unreadable] = field(default_factory=dict)
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    discounts: dict[str, dict[str, int]] = field(default_factory=dict)
    listed: tuple[str, ...] | None = None
    ledger: AaveLedger = field(default_factory=AaveLedger)
    implementations: list[ImplementationRow] = field(default_factory=list)

    def by_id(self) -> dict[int, ReserveState]:
        """The listed reserves by id."""
        return {reserve.id: reserve for reserve in self.reserves.values()}

    def at_time(self, now: int) -> AaveState:
        """The same state seen at another time: interest accrues, nothing else changes."""
        reserves = {k: r.at_time(self.rules, now) for k, r in self.reserves.items()}
        return replace(self, block_time=now, reserves=reserves)

    def supply(self, account: Account, reserve: ReserveState) -> int:
        """The account's aToken balance."""
        scaled = account.supplied.get(reserve.asset, 0)
        return balance_of(self.rules, Side.SUPPLY, scaled, reserve.income_ray)

    def variable_debt(self, account: Account, reserve: ReserveState) -> int:
        """The account's variable debt as its account data count it: with its discount only where
        the revision counts one."""
        taken = self.discount(account, reserve) if self.rules.counts_discounts else 0
        scaled = account.borrowed.get(reserve.asset, 0)
        return balance_of(self.rules, Side.DEBT, scaled, reserve.debt_ray) - taken

    def variable_balance(self, account: Account, reserve: ReserveState) -> int:
        """The account's variable debt as the token says it and a liquidation takes it."""
        scaled = account.borrowed.get(reserve.asset, 0)
        owed = balance_of(self.rules, Side.DEBT, scaled, reserve.debt_ray)
        return owed - self.discount(account, reserve)

    def discount(self, account: Account, reserve: ReserveState) -> int:
        """What the debt token takes off the account's interest since its last settlement."""
        percent = self.discounts.get(reserve.asset, {}).get(account.address, 0)
        if percent == 0:
            return 0
        scaled, now = account.borrowed.get(reserve.asset, 0), reserve.debt_ray
        last = account.debt_indexes.get(reserve.asset, now)
        return percent_mul(ray_mul(scaled, now) - ray_mul(scaled, last), percent)

    def stable_debt(self, account: Account, reserve: ReserveState) -> int:
        """The account's stable-rate debt with interest to the block."""
        loan = account.stable.get(reserve.asset)
        return 0 if loan is None else loan.balance(self.block_time)


def state_of(book: Book) -> AaveState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    return checked_type(book.state, AaveState, "book")
