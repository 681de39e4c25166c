"""What the managers are set to at the block: SRM's markets, PMRM_2's scenarios and libraries.

Names follow the contracts; everything is in 18 decimals but what says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from analyzer.protocols.kit.unreadable import Unreadable


class AssetType(IntEnum):
    """StandardManager's kinds of asset, with the contract's own numbers."""

    NOT_SET = 0
    OPTION = 1
    PERPETUAL = 2
    BASE = 3


class VolShock(IntEnum):
    """What a PMRM_2 scenario does to volatility, with the contract's own numbers."""

    NONE = 0
    UP = 1
    DOWN = 2
    LINEAR = 3
    ABS = 4


@dataclass(slots=True)
class OptionMarginParams:
    """SRM's option requirements of one market, as the view gives them (the event swaps two)."""

    max_spot_req: int
    min_spot_req: int
    mm_call_spot_req: int
    mm_put_spot_req: int
    mm_put_mtm_req: int
    unpaired_im_scale: int
    unpaired_mm_scale: int
    mm_offset_scale: int


@dataclass(slots=True)
class OracleContingency:
    """SRM's surcharge for low confidence in one market; a threshold of 0 switches a part off."""

    perp_threshold: int
    option_threshold: int
    base_threshold: int
    factor: int


@dataclass(slots=True)
class SrmMarket:
    """One market of the StandardManager. Feeds are addresses (the zero address = none)."""

    market_id: int
    name: str
    spot_feed: str
    forward_feed: str
    vol_feed: str
    perp_mm: int
    perp_im: int
    option: OptionMarginParams
    base_margin_factor: int
    base_im_scale: int
    contingency: OracleContingency


@dataclass(slots=True)
class StandardManager:
    """SRM at the block. assets: asset address -> (kind, market id). A market whose parameters
    were not read is an `Unreadable`."""

    address: str
    stable_feed: str
    depeg_threshold: int | Unreadable
    depeg_factor: int | Unreadable
    borrowing_enabled: bool
    markets: dict[int, SrmMarket | Unreadable] = field(default_factory=dict)
    assets: dict[str, tuple[AssetType, int]] = field(default_factory=dict)


@dataclass(slots=True)
class Scenario:
    """One PMRM_2 scenario: spot times `spot_shock`, PnL times `dampening`."""

    spot_shock: int
    vol_shock: VolShock
    dampening: int


@dataclass(slots=True)
class BasisParams:
    """PMRMLib_2.getBasisContingencyParams."""

    spot_up: int
    spot_down: int
    add_factor: int
    mult_factor: int


@dataclass(slots=True)
class OtherParams:
    """PMRMLib_2.getOtherContingencyParams."""

    peg_loss_threshold: int
    peg_loss_factor: int
    conf_threshold: int
    conf_margin: int
    mm_perp: int
    im_perp: int
    mm_option: int
    im_option: int


@dataclass(slots=True)
class MarginParams:
    """PMRMLib_2.getMarginParams."""

    im_factor: int
    mm_factor: int
    short_rate_mult: int
    long_rate_mult: int
    short_rate_add: int
    long_rate_add: int
    short_base_discount: int
    long_base_discount: int


@dataclass(slots=True)
class VolParams:
    """PMRMLib_2.getVolShockParams; powers are signed, dte_floor in seconds."""

    range_up: int
    range_down: int
    short_term_power: int
    long_term_power: int
    dte_floor: int
    min_vol_up: int


@dataclass(slots=True)
class SkewParams:
    """PMRMLib_2.getSkewShockParams; all but the two caps are signed."""

    linear_base_cap: int
    abs_base_cap: int
    linear_c_base: int
    abs_c_base: int
    min_k_star: int
    width_scale: int
    vol_param_static: int
    vol_param_scale: int


@dataclass(slots=True)
class CollateralParams:
    """PMRMLib_2.getCollateralParameters of one base asset, and its spot feed's address."""

    enabled: bool
    risk_cancelling: bool
    mm_haircut: int
    im_haircut: int
    feed: str


@dataclass(slots=True)
class LibParams:
    """Every parameter of one PMRMLib_2."""

    basis: BasisParams
    other: OtherParams
    margin: MarginParams
    vol: VolParams
    skew: SkewParams


@dataclass(slots=True)
class PortfolioManager:
    """One PMRM_2 at the block. lib: its parameters; scenarios in the contract's order."""

    address: str
    name: str
    lib_address: str
    perp: str
    option: str
    spot_feed: str
    stable_feed: str
    forward_feed: str
    vol_feed: str
    rate_feed: str
    max_expiries: int
    scenarios: list[Scenario] | Unreadable
    lib: LibParams | Unreadable
    collateral: dict[str, CollateralParams | Unreadable] = field(default_factory=dict)
