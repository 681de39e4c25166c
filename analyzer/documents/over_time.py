"""A deployment over time: scan after scan, what moved most, and what changed since the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.documents.encode import Amount
from analyzer.findings.summary import Answer


@dataclass(frozen=True, slots=True)
class Moment:
    """One scan in numbers (18 decimals, null = unknown). time: the block's, unix seconds. equity:
    the sum over the accounts whose equity is known, those below zero among them."""

    scan_id: str
    block: int
    time: int
    answer: Answer
    accounts: int
    verdicts: Mapping[str, int]
    equity_e18: Amount | None
    bad_debt_e18: Amount | None
    shortfall_e18: Amount | None


@dataclass(frozen=True, slots=True)
class Mover:
    """An account whose equity changed (18 decimals). null: it was not there, or not known."""

    account_id: str
    before_e18: Amount | None
    after_e18: Amount | None
    change_e18: Amount


@dataclass(frozen=True, slots=True)
class Series:
    """The scans of one deployment, the oldest first, and the accounts whose equity moved most from
    the first of them to the last. scans_in_all: how many there are up to the last one."""

    chain_id: int
    deployment: str
    moments: tuple[Moment, ...]
    movers: tuple[Mover, ...]
    scans_in_all: int


@dataclass(frozen=True, slots=True)
class Since:
    """What changed between two scans of one deployment. new, gone: findings that are only in the
    later one, only in the earlier one, by severity."""

    chain_id: int
    deployment: str
    before: Moment
    after: Moment
    new: Mapping[str, int]
    gone: Mapping[str, int]
