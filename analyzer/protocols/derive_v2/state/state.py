"""Derive V2's own state, as integers: what `fold` and `observe` give and margin reads.

Names follow the contracts (derivexyz/v2-core 7736900d). Addresses are checksummed text, accounts
are numbers (the NFT's id). Everything is in 18 decimals but times (unix seconds, `_s` seconds)
and what says otherwise. A value that the contract or the node refused is an `Unreadable`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.protocols.derive_v2.state.parameters import (
    AssetType,
    BasisParams,
    CollateralParams,
    LibParams,
    MarginParams,
    OptionMarginParams,
    OracleContingency,
    OtherParams,
    PortfolioManager,
    Scenario,
    SkewParams,
    SrmMarket,
    StandardManager,
    VolParams,
    VolShock,
)
from analyzer.protocols.derive_v2.unreadable import Refused, Unreadable, known

if TYPE_CHECKING:
    from analyzer.protocols.derive_v2.state.evidence import Evidence

__all__ = [
    "Account",
    "AssetType",
    "Auction",
    "AuctionHouse",
    "AuctionParams",
    "BasisParams",
    "CashState",
    "CollateralParams",
    "DeriveState",
    "DiffFeed",
    "Feeds",
    "ForwardData",
    "ForwardFeed",
    "Holding",
    "LibParams",
    "MarginParams",
    "OptionMarginParams",
    "OracleContingency",
    "OtherParams",
    "PerpMarket",
    "PerpPosition",
    "PortfolioManager",
    "RateData",
    "RateFeed",
    "RateModel",
    "Refused",
    "Scenario",
    "SkewParams",
    "SpotFeed",
    "SrmMarket",
    "StandardManager",
    "Unreadable",
    "VolData",
    "VolFeed",
    "VolParams",
    "VolShock",
    "known",
]


@dataclass(slots=True)
class SpotFeed:
    """A signed spot feed (`StableFeed` too); timestamp 0 = nothing was ever signed."""

    address: str
    name: str
    heartbeat_s: int | Unreadable
    price: int = 0
    confidence: int = 0
    timestamp: int = 0


@dataclass(slots=True)
class DiffFeed:
    """A signed difference to spot: perp price, impact bid, impact ask. `cap`: spotDiffCap, the
    difference is clipped to +- cap * spot."""

    address: str
    name: str
    spot_feed: str
    heartbeat_s: int | Unreadable
    cap: int | Unreadable
    diff: int = 0
    confidence: int = 0
    timestamp: int = 0


@dataclass(slots=True)
class ForwardData:
    """One expiry of a forward feed, as it was signed."""

    diff: int
    confidence: int
    timestamp: int
    start_aggregate: int
    current_aggregate: int


@dataclass(slots=True)
class ForwardFeed:
    """Forward prices by expiry, as differences to spot."""

    address: str
    name: str
    spot_feed: str
    heartbeat_s: int | Unreadable
    settlement_heartbeat_s: int | Unreadable
    expiries: dict[int, ForwardData] = field(default_factory=dict)


@dataclass(slots=True)
class VolData:
    """One expiry's SVI surface, as it was signed. ref_tau: years, 18 decimals."""

    a: int
    b: int
    rho: int
    m: int
    sigma: int
    fwd: int
    ref_tau: int
    confidence: int
    timestamp: int


@dataclass(slots=True)
class VolFeed:
    """Volatility surfaces by expiry."""

    address: str
    name: str
    heartbeat_s: int | Unreadable
    expiries: dict[int, VolData] = field(default_factory=dict)


@dataclass(slots=True)
class RateData:
    """One expiry's interest rate, as it was signed (signed number)."""

    rate: int
    confidence: int
    timestamp: int


@dataclass(slots=True)
class RateFeed:
    """Interest rates by expiry."""

    address: str
    name: str
    heartbeat_s: int | Unreadable
    expiries: dict[int, RateData] = field(default_factory=dict)


@dataclass(slots=True)
class Feeds:
    """Every feed of the deployment, by address."""

    spot: dict[str, SpotFeed] = field(default_factory=dict)
    diff: dict[str, DiffFeed] = field(default_factory=dict)
    forward: dict[str, ForwardFeed] = field(default_factory=dict)
    vol: dict[str, VolFeed] = field(default_factory=dict)
    rate: dict[str, RateFeed] = field(default_factory=dict)


@dataclass(slots=True)
class PerpPosition:
    """PerpAsset.positions(account): what the perp keeps beside the balance in SubAccounts.

    funding, pnl: stored, unsettled. last_mark_price: of the last settlement.
    """

    last_mark_price: int = 0
    funding: int = 0
    pnl: int = 0
    last_aggregated_funding: int = 0


@dataclass(slots=True)
class PerpMarket:
    """One PerpAsset at the block. aggregated_funding and last_funding_paid_at are as stored, not
    advanced to now. disabled: price frozen at `frozen_price`, funding stopped."""

    address: str
    symbol: str
    spot_feed: str
    perp_feed: str
    impact_ask_feed: str
    impact_bid_feed: str
    max_rate_per_hour: int | Unreadable
    min_rate_per_hour: int | Unreadable
    convergence_period: int | Unreadable
    """fundingConvergencePeriod, 18 decimals (hours)."""
    static_interest_rate: int | Unreadable
    aggregated_funding: int = 0
    last_funding_paid_at: int = 0
    disabled: bool = False
    frozen_price: int = 0
    positions: dict[int, PerpPosition] = field(default_factory=dict)
    """account number -> position; absent = all zero."""


@dataclass(slots=True)
class Holding:
    """One balance of an account: asset address, sub id (0 but for options), signed balance."""

    asset: str
    sub_id: int
    balance: int


@dataclass(slots=True)
class Account:
    """One SubAccount.

    balances: in the contract's own order (swap and pop), cash included, no zero entries.
    cash_index: CashAsset.accountIdIndex, the index at which its cash was last touched (0 = never).
    kind: `trader`, `manager`, `security_module`.
    """

    number: int
    owner: str
    manager: str
    balances: list[Holding] = field(default_factory=list)
    cash_index: int = 0
    kind: str = "trader"
    first_block: int = 0
    last_block: int = 0
    events: int = 0

    def cash(self, cash_asset: str) -> int:
        """The stored cash balance (without interest since it was last touched)."""
        return sum(h.balance for h in self.balances if h.asset == cash_asset)


@dataclass(slots=True)
class RateModel:
    """InterestRateModel: the kinked curve, yearly rates."""

    min_rate: int
    rate_multiplier: int
    high_rate_multiplier: int
    optimal_util: int


@dataclass(slots=True)
class CashState:
    """CashAsset at the block, stored values (not accrued to now)."""

    address: str
    total_supply: int
    total_borrow: int
    accrued_sm_fees: int
    net_settled_cash: int
    borrow_index: int
    supply_index: int
    last_timestamp: int
    sm_fee_percentage: int
    previous_sm_fee_percentage: int
    withdraw_fee_enabled: bool
    sm_account: int
    """smId: where interest fees go."""
    stable_held: int | Unreadable
    """USDC of the contract, in 18 decimals."""
    rate_model: RateModel | Unreadable


@dataclass(slots=True)
class Auction:
    """DutchAuction.getAuction: an ended one keeps its numbers with ongoing false."""

    account: int
    scenario_id: int
    insolvent: bool
    ongoing: bool
    cached_mm: int
    start_time: int
    reserved_cash: int


@dataclass(slots=True)
class AuctionParams:
    """DutchAuction.getAuctionParams: percentages in 18 decimals, lengths in seconds."""

    starting_mtm_percentage: int
    fast_cutoff_percentage: int
    fast_length_s: int
    slow_length_s: int
    insolvent_length_s: int
    liquidator_fee_rate: int
    buffer_margin_percentage: int


@dataclass(slots=True)
class AuctionHouse:
    """DutchAuction at the block."""

    address: str
    params: AuctionParams | Unreadable
    mtm_cutoff: int | Unreadable
    total_insolvent_mm: int
    sm_account: int
    """smAccount: where liquidation fees go."""
    auctions: dict[int, Auction] = field(default_factory=dict)


@dataclass(slots=True)
class DeriveState:
    """The whole protocol at one block: what `Book.state` of a Derive V2 book is.

    names: lower-case address -> label of the deployment (`ETH_VolFeed`). bases: WrappedERC20
    assets -> symbol. options: OptionAsset -> its settlement (forward) feed. unreadable: account
    number -> why something of its own was not read. evidence: counts and on-chain totals that
    no margin needs.
    """

    block_number: int
    block_time: int
    contracts: dict[str, str]
    names: dict[str, str]
    feeds: Feeds
    cash: CashState
    srm: StandardManager
    pmrms: dict[str, PortfolioManager]
    """By address."""
    perps: dict[str, PerpMarket]
    """By address."""
    options: dict[str, str]
    bases: dict[str, str]
    auction_house: AuctionHouse
    security_account: int
    accounts: dict[int, Account]
    unreadable: dict[int, Unreadable] = field(default_factory=dict)
    evidence: Evidence | None = None
