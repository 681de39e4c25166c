"""Where our numbers lie in storage, so that a proof against the state root is of them.

Source: `PoolStorage`, `DataTypes.ReserveData`, `IncentivizedERC20`, `DebtTokenBase`, `AaveOracle`
of `@aave/core-v3` 1.16.2 and 1.19.3 and of aave-v3-origin 3.6.0. Named are words and bits that
mean the same in all revisions of the table (an upgrade moves no state), and those that a revision
gave a meaning where it has that rule. Real contracts of 3.0.0 and of revisions 1 and 10 were found
to hold our numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.abi.codec import mapping_slot
from analyzer.protocols.aave_v3.logs.sources import ZERO_ADDRESS
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.revisions import BadDebt
from analyzer.protocols.aave_v3.state.state import AaveState, Category, ReserveState, state_of
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.aave_v3.words import account_word
from analyzer.protocols.base import ProofSlot, StoredNumbers
from analyzer.protocols.kit.stored_words import WordsOf

_RESERVES, _USERS, _CATEGORIES, _USER_CATEGORIES = 52, 53, 55, 56
_SUPPLY_STATE, _SUPPLY_TOTAL = 52, 54
_DEBT_STATE, _DEBT_TOTAL = 56, 58
_STABLE_TIMES = 62
_SOURCES = 0
_HALF, _SCALED_BITS, _ADDRESS_BITS, _TIME_BITS = 128, 120, 160, 40
"""Scaled balances have 120 bits: newer tokens keep a delegation mode in the eight above them."""
_NOT_IN_STORAGE = (
    "prices, as the price sources answer: proved is which source the oracle asks",
    "underlying that aTokens hold: each token keeps its balances in a place of its own",
)


def proof_slots(valued: AaveValued, account_ids: Sequence[str]) -> StoredNumbers:
    """The numbers of these accounts, and of every reserve and category, with their words."""
    state = state_of(valued.book)
    named: list[ProofSlot] = []
    for account_id in account_ids:
        named += _account(state, state.accounts[account_id])
    for reserve in state.reserves.values():
        named += _reserve(state, reserve)
    for category in state.categories.values():
        named += _category(state, category)
    return StoredNumbers(tuple(named), (*_NOT_IN_STORAGE, *_without_source(state)))


def _without_source(state: AaveState) -> Iterator[str]:
    """What is said of reserves whose price source nobody named: of these no word is asked for."""
    without = [r.symbol for r in state.reserves.values() if not r.price.source]
    if without:
        yield f"which source the oracle asks for {', '.join(without)}: none was named or read"


def _account(state: AaveState, account: Account) -> Iterator[ProofSlot]:
    """One account: its flags, its category, and its balances in every reserve that it ever had."""
    who = account.address
    pool = WordsOf("pool", state.contracts["pool"], who)
    borrowed = [r.id for r in state.reserves.values() if account.borrows(r.asset)]
    word = account_word(account.collateral_bits, borrowed)
    yield pool.holds(mapping_slot(who, _USERS), "userConfiguration", word)
    yield pool.holds(mapping_slot(who, _USER_CATEGORIES), "eMode", account.emode, 0, 8)
    if who in state.ledger.unknown:
        return
    for asset in dict.fromkeys((*account.supplied, *account.borrowed, *account.stable)):
        reserve = state.reserves.get(asset)
        if reserve is not None:
            yield from _balances(state, account, reserve)


def _balances(state: AaveState, account: Account, reserve: ReserveState) -> Iterator[ProofSlot]:
    """What an account has and owes in one reserve, scaled."""
    who, asset = account.address, reserve.asset
    token = WordsOf("a_token", reserve.a_token, who, asset)
    supplied = account.supplied.get(asset, 0)
    supply = mapping_slot(who, _SUPPLY_STATE)
    yield token.holds(supply, "scaled supply", supplied, 0, _SCALED_BITS)
    debt = WordsOf("variable_debt_token", reserve.variable_token, who, asset)
    owed = account.borrowed.get(asset, 0)
    at = mapping_slot(who, _DEBT_STATE)
    yield debt.holds(at, "scaled debt", owed, 0, _SCALED_BITS)
    loan = account.stable.get(asset)
    if loan is not None and state.rules.stable_debt and reserve.stable_token != ZERO_ADDRESS:
        stable = WordsOf("stable_debt_token", reserve.stable_token, who, asset)
        yield stable.holds(at, "stable principal", loan.principal, 0, _HALF)
        yield stable.holds(at, "stable rate", loan.rate_ray, _HALF, _HALF)
        time = mapping_slot(who, _STABLE_TIMES)
        yield stable.holds(time, "stable updated at", loan.updated_at, 0, _TIME_BITS)


def _reserve(state: AaveState, reserve: ReserveState) -> Iterator[ProofSlot]:
    """One reserve: configuration, indexes, rates, tokens, totals, and the source of its price."""
    pool = WordsOf("pool", state.contracts["pool"], None, reserve.asset)
    first, indexes = mapping_slot(reserve.asset, _RESERVES), reserve.indexes
    yield pool.holds(first, "configuration", reserve.config_word)
    yield pool.holds(first + 1, "liquidityIndex", indexes.supply_ray, 0, _HALF)
    yield pool.holds(first + 1, "currentLiquidityRate", indexes.supply_rate_ray, _HALF, _HALF)
    yield pool.holds(first + 2, "variableBorrowIndex", indexes.debt_ray, 0, _HALF)
    yield pool.holds(first + 2, "currentVariableBorrowRate", indexes.debt_rate_ray, _HALF, _HALF)
    yield pool.holds(first + 3, "lastUpdateTimestamp", indexes.updated_at, _HALF, _TIME_BITS)
    yield pool.holds(first + 3, "id", reserve.id, 168, 16)
    if state.rules.grace_period:
        until = reserve.grace_until
        yield pool.holds(first + 3, "liquidationGracePeriodUntil", until, 184, _TIME_BITS)
    if state.rules.bad_debt is not BadDebt.STAYS and reserve.deficit is not None:
        yield pool.holds(first + 3, "deficit", reserve.deficit, 0, _HALF)
    for place, what, address in (
        (4, "aTokenAddress", reserve.a_token),
        (6, "variableDebtTokenAddress", reserve.variable_token),
    ):
        yield pool.holds(first + place, what, int(address, 16), 0, _ADDRESS_BITS)
    accrued = reserve.accrued_to_treasury
    yield pool.holds(first + 8, "accruedToTreasury", accrued, 0, _HALF)
    yield pool.holds(first + 9, "isolationModeTotalDebt", reserve.isolation_debt, 0, _HALF)
    if reserve.scaled_supply is not None:
        token = WordsOf("a_token", reserve.a_token, None, reserve.asset)
        yield token.holds(_SUPPLY_TOTAL, "scaled total supply", reserve.scaled_supply)
    if reserve.scaled_debt is not None:
        debt = WordsOf("variable_debt_token", reserve.variable_token, None, reserve.asset)
        yield debt.holds(_DEBT_TOTAL, "scaled total debt", reserve.scaled_debt)
    if reserve.price.source:
        oracle = WordsOf("oracle", state.contracts["oracle"], None, reserve.asset)
        source = int(reserve.price.source, 16)
        at = mapping_slot(reserve.asset, _SOURCES)
        yield oracle.holds(at, "assetsSources", source, 0, _ADDRESS_BITS)


def _category(state: AaveState, category: Category) -> Iterator[ProofSlot]:
    """The terms of one efficiency-mode category."""
    pool = WordsOf("pool", state.contracts["pool"])
    at, about = mapping_slot(category.number, _CATEGORIES), f"eMode {category.number}"
    yield pool.holds(at, f"{about} ltv", category.ltv_bps, 0, 16)
    yield pool.holds(at, f"{about} liquidationThreshold", category.threshold_bps, 16, 16)
    yield pool.holds(at, f"{about} liquidationBonus", category.bonus_bps, 32, 16)
