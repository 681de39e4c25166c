"""Which contracts and events are indexed, by kind of contract.

Parameters that have a view are read at the block instead: the events of some of them lie
(`OptionMarginParamsSet` swaps two values, `OracleContingencySet` names no market).
"""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.protocols.base import Source
from analyzer.protocols.derive_v2.deployments import ABI_FOLDER, kind_of, require_contracts

_MANAGER_EVENTS = ("PerpSettled", "OptionSettled")

EVENTS: dict[str, tuple[str, ...]] = {
    "SubAccounts": ("AccountCreated", "Transfer", "BalanceAdjusted", "AccountManagerChanged"),
    "CashAsset": (
        "InterestAccrued",
        "InterestAccruedOnAccount",
        "SettledCashUpdated",
        "WithdrawFeeEnabled",
        "WithdrawFeeDisabled",
        "SmFeeSet",
    ),
    "StandardManager": ("MarketCreated", "AssetWhitelisted", *_MANAGER_EVENTS),
    "PMRM_2": ("CollateralSpotFeedUpdated", "Upgraded", *_MANAGER_EVENTS),
    "PMRMLib_2": ("CollateralParametersUpdated",),
    "PerpAsset": (
        "PositionSettled",
        "FundingAppliedOnAccount",
        "PositionCleared",
        "AggregatedFundingUpdated",
        "Disabled",
    ),
    "DutchAuction": (
        "SolventAuctionStarted",
        "InsolventAuctionStarted",
        "Bid",
        "AuctionEnded",
        "ScenarioIdUpdated",
    ),
    "SecurityModule": ("SecurityModulePaidOut",),
    "SpotFeed": ("SpotPriceUpdated",),
    "SpotDiffFeed": ("SpotDiffUpdated", "SpotFeedUpdated"),
    "ForwardFeed": ("ForwardDataUpdated",),
    "VolFeed": ("VolDataUpdated",),
    "RateFeed": ("RateUpdated",),
}
"""Kind of contract -> events that are folded. Kinds that are missing emit nothing that is."""


def sources(deployment: Deployment) -> tuple[Source, ...]:
    """Every contract of the deployment whose events are folded; the role is its kind.

    Raises: InputError when the deployment lacks a required contract.
    """
    require_contracts(deployment.contracts)
    found = []
    for name, address in deployment.contracts.items():
        kind = kind_of(name)
        if kind is not None and kind in EVENTS:
            found.append(
                Source(kind, address, f"{ABI_FOLDER}/{kind}", EVENTS[kind], deployment.from_block)
            )
    return tuple(found)
