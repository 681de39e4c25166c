"""Which contracts and events are indexed.

`PriceQuery`, more than half of all logs, carries no price and is left out, as are fee tiers.
"""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.protocols.base import Source
from analyzer.protocols.nado.deployments import ABI_FOLDER, check

UPGRADED = "Upgraded"
"""Of every EIP-1967 proxy: tells the implementation where its slot is not recorded."""

EVENTS: dict[str, tuple[str, ...]] = {
    "Clearinghouse": ("Liquidation", "ModifyCollateral", UPGRADED),
    "SpotEngine": ("SpotBalance", "InterestPayment", "AddOrUpdateProduct", UPGRADED),
    "PerpEngine": ("FundingPayment", "AddOrUpdateProduct", UPGRADED),
    "OffchainExchange": (
        "FillOrder",
        "CloseIsolatedSubaccount",
        "BuilderFeePayment",
        "ClaimBuilderFee",
        UPGRADED,
    ),
    "Endpoint": (UPGRADED,),
}
"""Role -> events that are folded."""


def sources(deployment: Deployment) -> tuple[Source, ...]:
    """The contracts known from the start, each from the deployment's first block.

    Raises: InputError when the deployment does not name them all.
    """
    check(deployment)
    return tuple(
        Source(
            role, deployment.contracts[role], f"{ABI_FOLDER}/{role}", events, deployment.from_block
        )
        for role, events in EVENTS.items()
    )
