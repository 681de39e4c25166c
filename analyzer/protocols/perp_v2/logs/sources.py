"""Which contracts and events are indexed.

The registry's `PoolAdded` names a market's base token and pool. Both are followed from the
deployment's first block, because a pool's `Initialize` comes before it is registered.
"""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.protocols.base import Source
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER, check

UPGRADED = "Upgraded"
"""Of every EIP-1967 proxy: tells the implementation where its slot is not recorded."""

_EVENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "clearing_house": (
        "ClearingHouse",
        (
            "FundingPaymentSettled",
            "LiquidityChanged",
            "PositionChanged",
            "PositionClosed",
            "PositionLiquidated",
        ),
    ),
    "account_balance": ("AccountBalance", ("PnlRealized",)),
    "exchange": ("Exchange", ("FundingUpdated",)),
    "order_book": ("OrderBook", ("ExchangeChanged",)),
    "vault": (
        "Vault",
        ("Deposited", "Withdrawn", "CollateralLiquidated", "BadDebtSettled"),
    ),
    "insurance_fund": ("InsuranceFund", ("Repaid",)),
    "clearing_house_config": (
        "ClearingHouseConfig",
        (
            "LiquidationPenaltyRatioChanged",
            "MarkPriceMarketTwapIntervalChanged",
            "MarkPricePremiumIntervalChanged",
            "MaxFundingRateChanged",
            "MaxMarketsPerAccountChanged",
            "SettlementTokenBalanceCapChanged",
            "TwapIntervalChanged",
        ),
    ),
    "collateral_manager": (
        "CollateralManager",
        (
            "CLInsuranceFundFeeRatioChanged",
            "CollateralAdded",
            "CollateralValueDustChanged",
            "DebtNonSettlementTokenValueRatioChanged",
            "DebtThresholdChanged",
            "LiquidationRatioChanged",
            "MmRatioBufferChanged",
            "WhitelistedDebtThresholdChanged",
        ),
    ),
    "market_registry": ("MarketRegistry", ("PoolAdded",)),
}

_POOL_EVENTS = ("Initialize", "Mint", "Burn", "Collect", "Swap")
_BASE_TOKEN_EVENTS = ("StatusUpdated",)


def sources(deployment: Deployment) -> tuple[Source, ...]:
    """The contracts known from the start, each from the deployment's first block.

    Raises: InputError when the deployment does not name them all.
    """
    check(deployment)
    return tuple(
        Source(
            role,
            deployment.contracts[role],
            f"{ABI_FOLDER}/{abi}",
            (*events, UPGRADED),
            deployment.from_block,
        )
        for role, (abi, events) in _EVENTS.items()
    )


def follow(deployment: Deployment, event: Event) -> tuple[Source, ...]:
    """The base token and the pool that a `PoolAdded` names; nothing for other events."""
    if (event.contract, event.name) != ("market_registry", "PoolAdded"):
        return ()
    base, pool = str(event.args["baseToken"]), str(event.args["pool"])
    first = deployment.from_block
    return (
        Source(
            "base_token", base, f"{ABI_FOLDER}/BaseToken", (*_BASE_TOKEN_EVENTS, UPGRADED), first
        ),
        Source("pool", pool, f"{ABI_FOLDER}/UniswapV3Pool", _POOL_EVENTS, first),
    )
