"""What the fold keeps: the protocol as its logs say it, at the end of the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.records.accounts import Account
from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.derive_v2.records.feeds import ForwardData, RateData, VolData
from analyzer.protocols.derive_v2.records.parameters import AssetType
from analyzer.protocols.derive_v2.records.perps import PerpPosition
from analyzer.protocols.kit.arguments import FoldNote


@dataclass(frozen=True, slots=True)
class Signed:
    """The last data of a spot or difference feed: value, confidence, the signer's time."""

    value: int
    confidence: int
    timestamp: int


@dataclass(slots=True)
class PerpLedger:
    """One PerpAsset as its logs say it."""

    positions: dict[int, PerpPosition] = field(default_factory=dict)
    aggregated_funding: int = 0
    last_funding_paid_at: int = 0
    disabled: bool = False
    frozen_price: int = 0
    cleared: dict[str, int] = field(default_factory=dict)
    """Manager -> sizes (absolute, summed) that settlements deleted after the market was disabled:
    the contract's own totals keep them."""

    def position(self, account: int) -> PerpPosition:
        """The account's position, created at its first event."""
        return self.positions.setdefault(account, PerpPosition())


@dataclass(slots=True)
class CashLedger:
    """CashAsset as its logs say it; totals move with every change of a cash balance.

    accrued_at: time of the last accrual. *_allowed: what the roundings of indexes and balances so
    far can put between the sum of balances and the total (18 decimals). interest: account ->
    interest that its last touch found, until its balance is adjusted.
    """

    borrow_index: int = WAD
    supply_index: int = WAD
    total_supply: int = 0
    total_borrow: int = 0
    net_settled_cash: int = 0
    accrued_at: int = 0
    fee_enabled_times: int = 0
    supply_allowed: int = 0
    borrow_allowed: int = 0
    interest: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class DeriveLedger:
    """The protocol as its logs say it. Feeds' data by address (and expiry); `paid_out` is what
    the security module paid in all."""

    cash_asset: str
    accounts: dict[int, Account] = field(default_factory=dict)
    perps: dict[str, PerpLedger] = field(default_factory=dict)
    cash: CashLedger = field(default_factory=CashLedger)
    auctions: dict[int, Auction] = field(default_factory=dict)
    market_names: dict[int, str] = field(default_factory=dict)
    assets: dict[str, tuple[AssetType, int]] = field(default_factory=dict)
    collateral: dict[str, list[str]] = field(default_factory=dict)
    """PMRM_2 or PMRMLib_2 -> base assets that its logs name."""
    upgraded: dict[str, str] = field(default_factory=dict)
    spot: dict[str, Signed] = field(default_factory=dict)
    diff: dict[str, Signed] = field(default_factory=dict)
    diff_spot_feed: dict[str, str] = field(default_factory=dict)
    forward: dict[str, dict[int, ForwardData]] = field(default_factory=dict)
    vol: dict[str, dict[int, VolData]] = field(default_factory=dict)
    rate: dict[str, dict[int, RateData]] = field(default_factory=dict)
    paid_out: int = 0
    manager_changes: list[int] = field(default_factory=list)
    """Accounts in the order in which they got another manager."""
    events: int = 0
    notes: list[FoldNote] = field(default_factory=list)

    def account_ids(self) -> Sequence[str]:
        """Every account, in order of creation."""
        return [str(number) for number in self.accounts]

    def account(self, number: int, event: Event) -> Account:
        """The account, created at its first event; counts this event for it."""
        found = self.accounts.get(number)
        if found is None:
            found = Account(number, "", "", first_block=event.block_number)
            self.accounts[number] = found
        found.last_block = event.block_number
        found.events += 1
        return found

    def perp(self, address: str) -> PerpLedger:
        """The perp at that address, created at its first event."""
        return self.perps.setdefault(address, PerpLedger())


def integers(event: Event, name: str) -> tuple[int, ...]:
    """The struct argument `name`, all of it integers. Raises: TypeError otherwise."""
    value = event.args[name]
    if not isinstance(value, tuple | list) or not all(isinstance(v, int) for v in value):
        raise TypeError(f"{event.name}.{name} is no struct of integers")
    return tuple(value)
