"""The contracts of Derive V2 by the names that a deployment or a recording gives them.

Per market and currency the names are a prefix and one of the suffixes below (`ETH_Perp`,
`BTC_PMRM_2`), as in the recordings. What is wired to what comes from the chain, never from names.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.errors import InputError
from analyzer.protocols.kit.wiring import NamedBy

KIND, ABI_FOLDER = "Derive V2", "derive_v2"
"""What the contracts are called in words, and the folder of their ABI files."""

REQUIRED_CONTRACTS = (
    "SubAccounts",
    "CashAsset",
    "StandardManager",
    "DutchAuction",
    "SecurityModule",
    "USDC",
)
"""Contracts that every deployment has, under these very names."""

NAMED_BY: NamedBy = {
    "SubAccounts": ("StandardManager", "StandardManager", "subAccounts"),
    "CashAsset": ("StandardManager", "StandardManager", "cashAsset"),
    "DutchAuction": ("StandardManager", "StandardManager", "liquidation"),
    "SecurityModule": ("DutchAuction", "DutchAuction", "securityModule"),
    "USDC": ("CashAsset", "CashAsset", "wrappedAsset"),
}

STABLE_FEED = "StableFeed"

SINGLE = {name: name for name in REQUIRED_CONTRACTS if name != "USDC"} | {STABLE_FEED: "SpotFeed"}
"""Name -> kind (its ABI) of contracts that exist once."""

SUFFIXES = {
    "_Perp": "PerpAsset",
    "_Option": "OptionAsset",
    "_Base": "WrappedERC20Asset",
    "_PMRM_2": "PMRM_2",
    "_PMRMLib_2": "PMRMLib_2",
    "_SpotFeed": "SpotFeed",
    "_PerpFeed": "SpotDiffFeed",
    "_ImpactAskFeed": "SpotDiffFeed",
    "_ImpactBidFeed": "SpotDiffFeed",
    "_ForwardFeed": "ForwardFeed",
    "_VolFeed": "VolFeed",
    "_RateFeed": "RateFeed",
}
"""End of a name -> kind of contract."""


def kind_of(name: str) -> str | None:
    """The kind of a contract (the name of its ABI) by its name; None where it has none here."""
    if name in SINGLE:
        return SINGLE[name]
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def of_kind(contracts: Mapping[str, str], kind: str) -> dict[str, str]:
    """address -> name of every contract of that kind, in the deployment's order."""
    return {address: name for name, address in contracts.items() if kind_of(name) == kind}


def prefix(name: str) -> str:
    """The currency of a name with one of the suffixes (`ETH_PerpFeed` -> `ETH`), else the name."""
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def require_contracts(contracts: Mapping[str, str]) -> None:
    """Raises: InputError listing the required contracts that are not named."""
    missing = [name for name in REQUIRED_CONTRACTS if name not in contracts]
    if missing:
        raise InputError(f"a Derive V2 deployment needs {', '.join(missing)}")
