"""What `analyzer risk clearing`, `importance`, `liquidations` and `flash` say: who bears what
others lack."""

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
    """The largest part of something that all hangs on. what: `owner`, `oracle` (a price source),
    `venue` (a depth curve), `backstop`, `keeper` (of the closures that the index holds)."""

    what: str
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class WinnersEntry:
    """Who would pay for the deficit of the worst scenario of a set by a rule of deleveraging, USD.
    budget: bad debt beyond the fund; paid: what the winners have for it; payers: accounts; largest:
    the owner of the one that pays `most`, empty = nobody; moved: what the rule shifts from some
    winners to others against pro rata."""

    scenarios: str
    rule: str
    budget_usd: float
    paid_usd: float
    payers: int
    largest: str
    most_usd: float
    moved_usd: float


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
    debts. winners: of the sets whose worst scenario exceeds the fund; who wins by prices alone."""

    KIND: ClassVar[str] = "risk_clearing"

    run: DecisionRun
    source: str
    fund_e18: Amount | None
    open_interest_usd: float
    fund_to_open_interest: float | None
    covers: tuple[CoverEntry, ...]
    shares: tuple[ShareEntry, ...]
    owners: tuple[OwnerEntry, ...]
    winners: tuple[WinnersEntry, ...]
    draws: int
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportanceEntry:
    """An owner over all deployments, USD: what prices move of it; the mean bad debt that its rescue
    alone saves; its Shapley value (null = not among the players); where it has accounts; whose
    portfolio is most like its own, and how like (cosine of dollars by factor; null = nobody's)."""

    owner: str
    gross_usd: float
    saved_usd: float
    shapley_usd: float | None
    deployments: tuple[str, ...]
    nearest_owner: str
    overlap: float | None


@dataclass(frozen=True, slots=True)
class OverlapEntry:
    """Two deployments: how alike what prices move in them is (cosine of dollars by factor), the
    factors that both hold, and how many owners have accounts in both."""

    first: str
    second: str
    overlap: float
    factors: tuple[str, ...]
    owners: int


@dataclass(frozen=True, slots=True)
class ImportanceDocument(Document):
    """What `analyzer risk importance` says. bad_debt_usd: the mean over the draws with nobody
    rescued; rescued_usd: with all players rescued, so that the Shapley values sum to the
    difference."""

    KIND: ClassVar[str] = "risk_importance"

    run: DecisionRun
    source: str
    bad_debt_usd: float
    rescued_usd: float
    owners: tuple[ImportanceEntry, ...]
    overlaps: tuple[OverlapEntry, ...]
    draws: int
    unknown: int
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
