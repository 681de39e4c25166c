"""What changed in Aave V3 from one `POOL_REVISION` to the next, as data.

Each entry says only what differs from the one before it; nothing elsewhere compares revision
numbers. The revision is read at the block, and for the past from each implementation that the
addresses provider ever named. 1 is the number of three releases: 3.0.0, whose rules differ, and
3.0.1 and 3.0.2, which differ in checks alone; `fold.code` tells them apart.
Source: `@aave/core-v3` 1.16.2 to 1.19.3 and the public repository aave-dao/aave-v3-origin, every
revision of it run against this code (the README's table is made by that comparison).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Rounding(Enum):
    """How scaled balances become amounts, and amounts scaled balances."""

    HALF_UP = "half up"
    DIRECTED = "collateral down, debt up"


class Compound(Enum):
    """The series of the debt index."""

    BINOMIAL = "binomial in seconds"
    TAYLOR = "exponential to the third power"


class EMode(Enum):
    """How assets belong to efficiency-mode categories."""

    ONE_CATEGORY = "one category in the reserve's configuration word"
    BITMAP = "a bitmap of reserves in each category"


class EModeLtv(Enum):
    """Which loan-to-value a collateral inside the account's category has."""

    NEEDS_OWN_LTV = "the category's, unless the asset's own is 0"
    UNLESS_LTV_ZERO = "the category's, unless the category's ltv-zero bitmap has the asset"


class Health(Enum):
    """How the health factor is made of collateral, thresholds and debt."""

    AVERAGE_THRESHOLD = "collateral times the floored average threshold"
    WEIGHTED_SUM = "sum of value times threshold"


class CloseFactor(Enum):
    """How much of a debt one liquidation may repay."""

    OF_RESERVE_DEBT = "50 % of the reserve's debt, all of it at a health factor of 0.95 or less"
    OF_TOTAL_DEBT = (
        "all of the reserve's debt, but where collateral and debt of the pair are worth 2,000 or "
        "more and the health factor is above 0.95: at most 50 % of the whole debt"
    )


class LiquidationRounding(Enum):
    """Roundings inside one liquidation."""

    HALF_UP = "half up throughout"
    DEBT_UP = "the debt needed for all collateral up, the rest half up"
    AGAINST_LIQUIDATOR = "bonus down, debt up, protocol fee up"


class BadDebt(Enum):
    """What becomes of debt that no collateral is left for."""

    STAYS = "it stays on the account and accrues"
    BURNED_BY_VALUE = "burned into deficits when the value taken is the whole collateral value"
    BURNED_BY_SCALED = (
        "burned into deficits when the value of the scaled balance consumed is the whole "
        "collateral value"
    )


class VirtualBalance(Enum):
    """Whether a reserve counts its underlying itself."""

    NONE = "the aToken's own balance is the liquidity"
    PER_RESERVE = "reserves with the flag count it"
    ALWAYS = "every reserve counts it"


@dataclass(frozen=True, slots=True)
class Rules:
    """The arithmetic of one revision.

    executed: compared with real contracts of this revision by our tests. known: in the table;
    false for a newer revision, whose accounts are all unknown. error_texts: liquidation errors
    are the numbers of Errors.sol (before revision 8), else custom errors by name.
    collateral_needs_threshold: an asset with threshold 0 is no collateral. sentinel: liquidations
    ask the price oracle sentinel. grace_period: reserves may have a liquidation grace period.
    emode_price_source: a category may override its assets' price. emode_isolation: a category may
    take the LTV of everything outside it. liquidation_touches_collateral: the collateral
    reserve's indexes are stored even when aTokens are taken and no event says so.
    same_asset_accrues_twice: where debt and collateral are one reserve, the pool updates it from a
    stale copy and gives the treasury its share of the interest twice.
    factor_change_accrues: interest so far is accrued at the old reserve factor before a change.
    flash_premium_to_suppliers: part of a flash loan's premium raises the supply index.
    debt_index_needs_income: an update stores the debt index only where the supply rate is not 0.
    transfers_scaled: this release's aToken says the scaled amount in `BalanceTransfer`; 3.0.0's
    says underlying. fee_shrinks: a protocol fee that is more than what is left becomes what is
    left; in 3.0.0 the call reverts. flag_counts_fee: the collateral flag goes when liquidator's
    part and fee together are the whole balance; in 3.0.0 only the liquidator's part counts.
    repayment_clears_flag: a repayment with all of one's aTokens takes the collateral flag; before
    3.1 it stays on nothing.
    counts_discounts: account data take the discounted balance of a debt (GHO); liquidations
    always do.
    """

    revision: int
    release: str
    executed: bool = False
    known: bool = True
    rounding: Rounding = Rounding.HALF_UP
    compound: Compound = Compound.BINOMIAL
    stable_debt: bool = True
    emode: EMode = EMode.ONE_CATEGORY
    emode_ltv: EModeLtv = EModeLtv.NEEDS_OWN_LTV
    emode_price_source: bool = True
    emode_isolation: bool = False
    collateral_needs_threshold: bool = True
    health: Health = Health.AVERAGE_THRESHOLD
    close_factor: CloseFactor = CloseFactor.OF_RESERVE_DEBT
    liquidation_rounding: LiquidationRounding = LiquidationRounding.HALF_UP
    dust_rule: bool = False
    bad_debt: BadDebt = BadDebt.STAYS
    virtual_balance: VirtualBalance = VirtualBalance.NONE
    grace_period: bool = False
    sentinel: bool = True
    self_liquidation: bool = True
    error_texts: bool = True
    liquidation_touches_collateral: bool = False
    same_asset_accrues_twice: bool = False
    factor_change_accrues: bool = False
    flash_premium_to_suppliers: bool = True
    debt_index_needs_income: bool = False
    transfers_scaled: bool = True
    fee_shrinks: bool = True
    flag_counts_fee: bool = True
    repayment_clears_flag: bool = True
    counts_discounts: bool = False

    @property
    def directed(self) -> bool:
        """Whether collateral rounds down and debt up."""
        return self.rounding is Rounding.DIRECTED


FIRST_RELEASE = "3.0.0"
_R300 = Rules(
    revision=1,
    release=FIRST_RELEASE,
    executed=True,
    debt_index_needs_income=True,
    transfers_scaled=False,
    fee_shrinks=False,
    flag_counts_fee=False,
    repayment_clears_flag=False,
)
_R1 = replace(
    _R300,
    release="3.0.1",
    debt_index_needs_income=False,
    transfers_scaled=True,
    fee_shrinks=True,
    flag_counts_fee=True,
)
_R2 = replace(_R1, revision=2, release="3.0.2")
_R3 = replace(_R2, revision=3)
_R4 = replace(
    _R3,
    revision=4,
    release="3.1.0",
    virtual_balance=VirtualBalance.PER_RESERVE,
    grace_period=True,
    factor_change_accrues=True,
    repayment_clears_flag=True,
)
_R5 = replace(
    _R4,
    revision=5,
    release="3.2.0",
    stable_debt=False,
    emode=EMode.BITMAP,
    emode_price_source=False,
)
_R6 = replace(_R5, revision=6, release="3.2.1")
_R7 = replace(
    _R6,
    revision=7,
    release="3.3.0",
    close_factor=CloseFactor.OF_TOTAL_DEBT,
    dust_rule=True,
    bad_debt=BadDebt.BURNED_BY_VALUE,
    counts_discounts=True,
)
_R8 = replace(
    _R7,
    revision=8,
    release="3.4.0",
    compound=Compound.TAYLOR,
    virtual_balance=VirtualBalance.ALWAYS,
    self_liquidation=False,
    error_texts=False,
    flash_premium_to_suppliers=False,
    counts_discounts=False,
)
_R9 = replace(
    _R8,
    revision=9,
    release="3.5.0",
    rounding=Rounding.DIRECTED,
    health=Health.WEIGHTED_SUM,
    liquidation_rounding=LiquidationRounding.DEBT_UP,
    liquidation_touches_collateral=True,
    same_asset_accrues_twice=True,
)
_R10 = replace(
    _R9,
    revision=10,
    release="3.6.0",
    collateral_needs_threshold=False,
    emode_ltv=EModeLtv.UNLESS_LTV_ZERO,
)
_R11 = replace(
    _R10,
    revision=11,
    release="3.7",
    emode_isolation=True,
    sentinel=False,
    liquidation_rounding=LiquidationRounding.AGAINST_LIQUIDATOR,
    bad_debt=BadDebt.BURNED_BY_SCALED,
    same_asset_accrues_twice=False,
)

REVISIONS: tuple[Rules, ...] = (
    *(_R300, _R1, _R2, _R3, _R4, _R5),
    *(_R6, _R7, _R8, _R9, _R10, _R11),
)
"""Every release of the table, oldest first."""


def rules_of(revision: int, first_release: str | None = "3.0.1") -> Rules:
    """The rules of a `POOL_REVISION`; where the table has none the newest, marked unknown.

    first_release: which of those that say 1 the market began with. None = it is not known: the
    rules of 3.0.1, as never run.
    """
    if revision == 1:
        if first_release == FIRST_RELEASE:
            return _R300
        known = first_release is not None
        return replace(_R1, release=first_release or "3.0.x, not known which", executed=known)
    for rules in REVISIONS:
        if rules.revision == revision:
            return rules
    return replace(
        REVISIONS[-1], revision=revision, release="not known here", executed=False, known=False
    )
