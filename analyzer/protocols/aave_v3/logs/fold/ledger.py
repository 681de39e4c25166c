"""What the fold keeps: accounts and reserves as the logs say them, and what is odd in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes
from analyzer.protocols.kit.arguments import FoldNote
from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(slots=True)
class StableSupply:
    """A stable debt token's own total: principal at updated_at, average rate (ray per year).

    It accrues apart from the accounts, so it is not their sum.
    """

    principal: int = 0
    average_rate_ray: int = 0
    updated_at: int = 0


class TransferUnit(Enum):
    """What an aToken's code says as the value of a `BalanceTransfer`."""

    SCALED = "scaled"
    UNDERLYING = "underlying, not scaled (3.0.0)"
    UNKNOWN = "not known before its logs have shown which"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A `BalanceTransfer` whose unit is not known (yet)."""

    sender: str
    receiver: str
    value: int
    index_ray: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """What an upgrade's initializer wrote as a reserve's virtual balance, without an event.

    flows: what the logs alone had made it. start: what it was set to; None where that is not
    known from the logs: then the smaller of what the aToken held (at least `flows`) and `claims`
    (aTokens and the treasury's share less debts). read_at: the block at whose end the chain said
    `start`, with `flows` as they were then; None = it is the initializer's rule.
    """

    block_number: int
    revision: int
    flows: int
    claims: int
    start: int | None
    read_at: int | None = None


@dataclass(slots=True)
class ReserveLedger:
    """One reserve as the logs say it. Amounts in the asset's decimals, scaled ones times index.

    accrued_to_treasury: scaled. liquidity: underlying that came in less what went out: the virtual
    balance, but for what `anchors` say was written into it. deficit: bad debt burned less what was
    covered. discounted: the debt token ever took a discount off interest (GHO). transfers,
    unsettled: the unit of the aToken's code, and the transfers that wait for it to be known;
    last_index: holder -> index at the last event, only while it is not.
    """

    asset: str
    id: int
    a_token: str
    stable_token: str
    variable_token: str
    indexes: ReserveIndexes = field(default_factory=ReserveIndexes)
    stable: StableSupply = field(default_factory=StableSupply)
    reserve_factor_bps: int = 0
    scaled_supply: int = 0
    scaled_debt: int = 0
    accrued_to_treasury: int = 0
    liquidity: int = 0
    deficit: int = 0
    isolation_debt: int = 0
    liquidations: int = 0
    touched_by: tuple[str, str, int] = ("", "", 0)
    discounted: bool = False
    transfers: TransferUnit = TransferUnit.SCALED
    unsettled: list[Transfer] = field(default_factory=list)
    last_index: dict[str, int] = field(default_factory=dict)
    anchors: list[Anchor] = field(default_factory=list)

    def virtual_balance(self, underlying_held: int | None) -> int | None:
        """What the pool should count as its own; None where an anchor is not known.

        underlying_held: by the aToken now. What it holds beyond the flows was given to it at some
        time; where nothing was, nothing had been at the upgrade, which makes its anchor known.
        """
        if not self.anchors:
            return self.liquidity
        last = self.anchors[-1]
        start = last.start
        if start is None and underlying_held == self.liquidity:
            start = min(last.flows, last.claims)
        return None if start is None else self.liquidity - last.flows + start


@dataclass(frozen=True, slots=True)
class RevisionSpan:
    """The Pool's code from a log on."""

    block_number: int
    log_index: int
    implementation: str
    revision: int
    release: str


@dataclass(slots=True)
class AaveLedger:
    """The market as its logs say it, at the end of the events that were folded.

    ids: slot -> asset, "" where a reserve was dropped; a new reserve takes the first free slot.
    categories: every eMode category that a log names. implementations: proxy -> implementation
    as logs last said. first_release: what the market began with, where its first code says 1;
    None = not known. unknown: account -> what of it no rule gives.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    reserves: dict[str, ReserveLedger] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    token_assets: dict[str, str] = field(default_factory=dict)
    categories: set[int] = field(default_factory=set)
    revisions: list[RevisionSpan] = field(default_factory=list)
    implementations: dict[str, str] = field(default_factory=dict)
    first_release: str | None = None
    unknown: dict[str, Unreadable] = field(default_factory=dict)
    flash_premium_to_protocol_bps: int = 0
    configurator: str = ""
    liquidations: int = 0
    events: int = 0
    notes: list[FoldNote] = field(default_factory=list)

    @property
    def began_with_1(self) -> bool:
        """Whether the first code that is known of says 1, the number of three releases. Where no
        log names the first code, it may have."""
        return not self.revisions or self.revisions[0].revision == 1

    def account_ids(self) -> list[str]:
        """Every account that any log names, in order of first appearance."""
        return list(self.accounts)
