"""What the fold keeps: accounts and reserves as the logs say them, and what is odd in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.protocols.aave_v3.accounts import Account
from analyzer.protocols.aave_v3.indexes import ReserveIndexes
from analyzer.protocols.arguments import FoldNote


@dataclass(slots=True)
class StableSupply:
    """A stable debt token's own total: principal at updated_at, average rate (ray per year).

    It accrues apart from the accounts, so it is not their sum.
    """

    principal: int = 0
    average_rate_ray: int = 0
    updated_at: int = 0


@dataclass(slots=True)
class ReserveLedger:
    """One reserve as the logs say it. Amounts in the asset's decimals, scaled ones times index.

    accrued_to_treasury: scaled. liquidity: underlying that came in less what went out, which is
    what the pool calls the virtual balance. deficit: bad debt burned less what was covered.
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


@dataclass(frozen=True, slots=True)
class RevisionSpan:
    """The Pool's code from a log on."""

    block_number: int
    log_index: int
    implementation: str
    revision: int


@dataclass(slots=True)
class AaveLedger:
    """The market as its logs say it, at the end of the events that were folded.

    ids: slot -> asset, "" where a reserve was dropped; a new reserve takes the first free slot.
    categories: every eMode category that a log names. implementations: proxy -> implementation
    as logs last said.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    reserves: dict[str, ReserveLedger] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    token_assets: dict[str, str] = field(default_factory=dict)
    categories: set[int] = field(default_factory=set)
    revisions: list[RevisionSpan] = field(default_factory=list)
    implementations: dict[str, str] = field(default_factory=dict)
    flash_premium_to_protocol_bps: int = 0
    configurator: str = ""
    liquidations: int = 0
    events: int = 0
    notes: list[FoldNote] = field(default_factory=list)

    def account_ids(self) -> list[str]:
        """Every account that any log names, in order of first appearance."""
        return list(self.accounts)
