"""The contracts of GMX V2 by the names that a deployment gives them, and the tokens among them.

Markets and their tokens come from the logs. A deployment may name tokens, so that they have a
symbol without a read; an index token that is no contract (`SOL(synthetic)`) has no other source.
"""

from __future__ import annotations

from collections.abc import Mapping

KIND, ABI_FOLDER = "GMX V2", "gmx_v2"
"""What the contracts are called in words, and the folder of their ABI files."""

REQUIRED_CONTRACTS = ("DataStore", "EventEmitter", "Reader", "ReferralStorage")
"""Contracts that every deployment has, under these very names."""

SYNTHETIC_DECIMALS: Mapping[str, int] = {
    "APE": 18,
    "ATOM": 6,
    "BNB": 18,
    "BTC": 8,
    "DOGE": 8,
    "ETH": 18,
    "LTC": 8,
    "NEAR": 24,
    "SOL": 9,
    "XRP": 6,
}
"""Decimals of index tokens that are no contracts, as the protocol's own list of tokens has them.
They only scale what people are shown: prices on the chain are of the smallest unit."""

_NO_CONTRACT = "synthetic"


def symbol_of(label: str) -> str:
    """The symbol in a deployment's name of a token: `SOL(synthetic,no code)` is `SOL`."""
    return label.partition("(")[0].strip() or label


def is_synthetic(label: str) -> bool:
    """Whether the deployment says that a token is no contract."""
    return _NO_CONTRACT in label.partition("(")[2]
