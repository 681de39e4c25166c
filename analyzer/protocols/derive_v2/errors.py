"""The contracts' own errors by selector, so that a refusal is told by its name."""

from __future__ import annotations

from functools import cache

from analyzer.abi.keccak import selector

NAMES = (
    "BLF_DataTooOld",
    "LVF_MissingExpiryData",
    "LFF_MissingExpiryData",
    "LFF_SettlementDataTooOld",
    "PA_InvalidImpactPrices",
    "BM_AccountUnderLiquidation",
    "CA_WithdrawBlockedByOngoingAuction",
    "PMRM_2_InsufficientMargin",
    "DA_AccountIsAboveMaintenanceMargin",
    "DA_AuctionAlreadyStarted",
    "DA_AuctionNotStarted",
    "DA_ReservedCashGreaterThanMtM",
    "DA_NotOngoingAuction",
    "DA_SolventAuctionEnded",
)
"""Errors without arguments that the rebuild meets or predicts."""


@cache
def _by_selector() -> dict[str, str]:
    """selector -> name."""
    return {selector(f"{name}()"): name for name in NAMES}


def error_name(words: str) -> str:
    """The name of an error whose selector is `words`; other words as they are."""
    return _by_selector().get(words, words)


def revert_words(name: str) -> str:
    """What a node's answer says of the error `name`: its selector, or the words themselves for
    a text or a panic."""
    return selector(f"{name}()") if name in NAMES else name
