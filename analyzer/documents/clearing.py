"""What `analyzer risk clearing`, `liquidations` and `flash` say: who bears what others lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.decisions import DecisionRun
from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class CoverEntry:
    """A set of scenarios, USD. cover_1, cover_2: what the costliest owner, the two costliest, lack
    in their worst scenario; exhausted: share of scenarios in which bad debt exceeds the fund, with
    its standard error; null where the fund is not known."""

    scenarios: str
    cover_1_usd: float
    cover_2_usd: float
    cover_owners: tuple[str, ...]
    covered_1: bool | None
    covered_2: bool | None
    worst_usd: float
    mean_usd: float
    exhausted: float | None
    error: float | None
    count: int
    unknown: int


@dataclass(frozen=True, slots=True)
class ShareEntry:
    """The largest part of something that all hangs on. what: `owner`, `oracle`, `backstop`."""

    what: str
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class OwnerEntry:
    """An owner's part in the mean bad debt of broad downturns, USD: what its rescue saves alone,
    and its Shapley value among the owners named (null = it is not among them)."""

    owner: str
    gross_usd: float
    saved_usd: float
    shapley_usd: float | None


@dataclass(frozen=True, slots=True)
class ClearingDocument(Document):
    """What `analyzer risk clearing` says. fund_e18: what the bounded layers that must pay can bear,
    null = one of them was not read; open_interest_usd: open positions of the larger side, or
    debts."""

    KIND: ClassVar[str] = "risk_clearing"

    run: DecisionRun
    source: str
    fund_e18: Amount | None
    open_interest_usd: float
    fund_to_open_interest: float | None
    covers: tuple[CoverEntry, ...]
    shares: tuple[ShareEntry, ...]
    owners: tuple[OwnerEntry, ...]
    draws: int
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EconomyEntry:
    """What a liquidator earns by one account, 18 decimals. when: `now`, or `near` where it takes a
    fall of prices first. offered: the largest closure that the contract allows; taken: how much of
    it pays; bonus: what the protocol gives for that over what it takes; profit: after slippage, gas
    and the required return, null = none pays. dust: none would pay without any slippage either.
    left: of an account that pays nobody, what it lacks (its equity below zero)."""

    account_id: str
    when: str
    equity_e18: Amount | None
    offered_e18: Amount
    taken_e18: Amount
    bonus_e18: Amount | None
    profit_e18: Amount | None
    dust: bool
    left_e18: Amount


@dataclass(frozen=True, slots=True)
class LiquidationsDocument(Document):
    """What `analyzer risk liquidations` says. near: the fall of all prices after which accounts
    count as near. gas_usd, required_share: what a liquidator asks for."""

    KIND: ClassVar[str] = "risk_liquidations"

    run: DecisionRun
    near: float
    gas_usd: float
    required_share: float
    accounts: tuple[EconomyEntry, ...]
    profit_e18: Amount
    unpaid: int
    left_e18: Amount
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MinuteEntry:
    """A minute of a crash. prices: factor -> multiple of the block's price as it begins; closed:
    accounts; notional, bad_debt: of the minute, USD; waiting: accounts that may be closed and were
    not."""

    minute: int
    prices: Mapping[str, float]
    closed: int
    notional_usd: float
    bad_debt_usd: float
    waiting: int


@dataclass(frozen=True, slots=True)
class FlashDocument(Document):
    """What `analyzer risk flash` says. jump: in words. at_once_usd: bad debt of the same jump
    in the batch cascade, which has endless capacity and full depth. lasting_usd: what accounts that
    still wait lack at the last prices. lowest: factor -> its lowest multiple."""

    KIND: ClassVar[str] = "risk_flash"

    run: DecisionRun
    jump: str
    depth_left: float
    recovery_minutes: float
    resilience: float
    capacity_usd: float | None
    delay_minutes: int
    bad_debt_usd: float
    at_once_usd: float
    lasting_usd: float
    closed: int
    unknown: int
    lowest: Mapping[str, float]
    minutes: tuple[MinuteEntry, ...]
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]
