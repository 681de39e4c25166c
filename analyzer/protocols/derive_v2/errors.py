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


WITH_ARGUMENTS = {"SafeCastOverflowedIntToUint": "(int256)"}
"""Errors of libraries that carry arguments, with their types."""


def _selector(name: str) -> str:
    """The selector of an error that we know."""
    return selector(name + WITH_ARGUMENTS.get(name, "()"))


@cache
def _by_selector() -> dict[str, str]:
    """selector -> name."""
    return {_selector(name): name for name in (*NAMES, *WITH_ARGUMENTS)}


def error_name(words: str) -> str:
    """The name of an error whose selector is `words`; other words as they are."""
    return _by_selector().get(words, words)


@cache
def revert_words(name: str) -> str:
    """What a node's answer says of the error `name`: its selector, or the words themselves for
    a text or a panic."""
    return _selector(name) if name in NAMES or name in WITH_ARGUMENTS else name
