"""Which contracts and events are indexed.

The addresses provider names the configurator (`ProxyCreated`), the configurator names every
reserve's tokens (`ReserveInitialized`). Each is followed from the deployment's first block,
because a proxy's own events come before the log that names it.
"""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER, CONFIGURATOR, PROVIDER, check
from analyzer.protocols.base import Source
from analyzer.protocols.kit.arguments import blob, text

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"
_CONFIGURATOR_ID = b"POOL_CONFIGURATOR".ljust(32, b"\0")
"""Under which the provider keeps the configurator's proxy."""

_POOL_EVENTS = (
    "BackUnbacked",
    "Borrow",
    "DeficitCovered",
    "DeficitCreated",
    "FlashLoan",
    "IsolationModeTotalDebtUpdated",
    "LiquidationCall",
    "MintUnbacked",
    "MintedToTreasury",
    "Repay",
    "ReserveDataUpdated",
    "ReserveUsedAsCollateralDisabled",
    "ReserveUsedAsCollateralEnabled",
    "Supply",
    "Upgraded",
    "UserEModeSet",
    "Withdraw",
)
_PROVIDER_EVENTS = ("PoolUpdated", "PriceOracleUpdated", "ProxyCreated")
_CONFIGURATOR_EVENTS = (
    "EModeCategoryAdded",
    "FlashloanPremiumToProtocolUpdated",
    "ReserveDropped",
    "ReserveFactorChanged",
    "ReserveInitialized",
    "Upgraded",
)
_TOKENS = (
    ("a_token", "aToken", "AToken", ("BalanceTransfer", "Burn", "Mint", "Upgraded")),
    ("variable_debt_token", "variableDebtToken", "VariableDebtToken", ("Burn", "Mint", "Upgraded")),
    ("stable_debt_token", "stableDebtToken", "StableDebtToken", ("Burn", "Mint", "Upgraded")),
)
"""Role, argument of `ReserveInitialized`, ABI, events."""


def sources(deployment: Deployment) -> tuple[Source, ...]:
    """The contracts known from the start, each from the deployment's first block.

    Raises: InputError when the deployment does not name provider and pool.
    """
    contracts, first = deployment.contracts, deployment.from_block
    check(deployment)
    known = [
        Source(
            PROVIDER, contracts[PROVIDER], _abi("PoolAddressesProvider"), _PROVIDER_EVENTS, first
        ),
        Source("pool", contracts["pool"], _abi("Pool"), _POOL_EVENTS, first),
    ]
    if CONFIGURATOR in contracts:
        known.append(_configurator(contracts[CONFIGURATOR], first))
    return tuple(known)


def follow(deployment: Deployment, event: Event) -> tuple[Source, ...]:
    """The configurator that the provider creates, and the tokens of a new reserve."""
    first = deployment.from_block
    configurator = configurator_of(event)
    if configurator is not None and CONFIGURATOR not in deployment.contracts:
        return (_configurator(configurator, first),)
    if (event.contract, event.name) != (CONFIGURATOR, "ReserveInitialized"):
        return ()
    named = [(role, text(event, argument), abi, events) for role, argument, abi, events in _TOKENS]
    return tuple(
        Source(role, address, _abi(abi), events, first)
        for role, address, abi, events in named
        if address != ZERO_ADDRESS
    )


def configurator_of(event: Event) -> str | None:
    """The configurator's proxy, where this event is the provider creating it."""
    if (event.contract, event.name) != (PROVIDER, "ProxyCreated"):
        return None
    return text(event, "proxyAddress") if blob(event, "id") == _CONFIGURATOR_ID else None


def _configurator(address: str, first: int) -> Source:
    """The configurator as a source."""
    return Source(CONFIGURATOR, address, _abi("PoolConfigurator"), _CONFIGURATOR_EVENTS, first)


def _abi(name: str) -> str:
    """The ABI file of one of our contracts."""
    return f"{ABI_FOLDER}/{name}"
