"""Prices: the oracle's answers in the base currency, and the house's 18 decimals.

The pool asks its oracle and takes what it says: no age, no bounds. A price of 0 (only a fallback
oracle can answer it) is used as it is by the pool; here it is `invalid`, and who needs it unknown:
debts that are worth nothing prove nobody solvent.
Source: AaveOracle.getAssetPrice, GenericLogic.
"""

from __future__ import annotations

from analyzer.model.book import Book, Price, Prices
from analyzer.model.integers import INT256_MAX, WAD
from analyzer.protocols.aave_v3.revisions import EMode
from analyzer.protocols.aave_v3.state.state import (
    AaveState,
    Category,
    PriceFact,
    ReserveState,
    state_of,
)
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError

ZERO_ANSWER = "the oracle answers 0 and the pool uses it"


def to_e18(base_amount: int, base_unit: int) -> int:
    """A base-currency amount in 18 decimals: exact, because the unit divides 1e18."""
    return base_amount * (WAD // base_unit)


def prices(book: Book) -> Prices:
    """The protocol's reference prices at the book's block."""
    return reference_prices(state_of(book))


def reference_prices(state: AaveState) -> Prices:
    """The oracle's price of every listed asset, and of every price source of a category."""
    found = {
        r.asset: _price(state, r.asset, r.symbol, r.factor, r.price)
        for r in state.reserves.values()
    }
    for category in state.categories.values():
        if category.price_source and category.price is not None:
            symbol = f"eMode {category.label or category.number}"
            fact = PriceFact(category.price, category.price_source)
            price = _price(state, category.price_source, symbol, symbol, fact)
            found.setdefault(category.price_source, price)
    return Prices(found)


def _price(state: AaveState, asset: str, symbol: str, factor: str, fact: PriceFact) -> Price:
    """One price in 18 decimals, with its status and source."""
    if isinstance(fact.price, Unreadable):
        status = "invalid" if fact.price.reverted else "missing"
        source = _source(state, fact)
        return Price(asset, symbol, factor, None, status, source, fact.updated_at, str(fact.price))
    price_e18 = to_e18(fact.price, state.base_unit)
    problem = _problem(fact.price, price_e18)
    return Price(
        asset,
        symbol,
        factor,
        None if problem else price_e18,
        "invalid" if problem else fact.status,
        _source(state, fact),
        fact.updated_at,
        problem or fact.note,
    )


def _problem(answer: int, price_e18: int) -> str:
    """Why an answer is no price; empty where it is one."""
    if answer == 0:
        return ZERO_ANSWER
    if price_e18 > INT256_MAX:
        return f"the oracle answers {answer}, which is no price"
    return ""


def _source(state: AaveState, fact: PriceFact) -> str:
    """Where the price comes from, for people."""
    oracle = f"AaveOracle.getAssetPrice of {state.contracts.get('oracle', 'the oracle')}"
    return f"{oracle}, source {fact.source}" if fact.source else oracle


class PriceBook:
    """Base-currency prices as the pool sees them, from prices in 18 decimals."""

    def __init__(self, state: AaveState, prices: Prices) -> None:
        self._state = state
        self._prices = prices

    def asset(self, reserve: ReserveState) -> int:
        """The price of a reserve's asset. Raises: UnreadableNumberError."""
        return self._base(reserve.asset, reserve.price.price)

    def for_account(self, reserve: ReserveState, emode: int) -> int:
        """The price of a reserve's asset for an account in category `emode`: the category's own
        where the asset is in it and it has one that is not 0. Raises: UnreadableNumberError."""
        override = self.override(emode)
        if override and emode == reserve.config.emode_category:
            return override
        return self.asset(reserve)

    def override(self, emode: int) -> int:
        """The price of the category's price source; 0 where there is none.

        Raises: UnreadableNumberError when the category or its price was not read.
        """
        category = self.category(emode)
        rules = self._state.rules
        if category is None or not rules.emode_price_source or not category.price_source:
            return 0
        missing = Unreadable(f"price of eMode {emode}", "was not read")
        return self._base(category.price_source, category.price or missing)

    def category(self, emode: int) -> Category | None:
        """The account's category, None outside of any. Raises: UnreadableNumberError."""
        if emode == 0:
            return None
        category = self._state.categories.get(emode)
        if category is None:
            raise UnreadableNumberError(Unreadable(f"eMode category {emode}", "was not read"))
        return category

    def in_category(self, reserve: ReserveState, emode: int) -> bool:
        """Whether the reserve, as collateral, is in the account's category."""
        category = self.category(emode)
        if category is None:
            return False
        if self._state.rules.emode is EMode.ONE_CATEGORY:
            return reserve.config.emode_category == emode
        return bool(category.collateral_bitmap >> reserve.id & 1)

    def _base(self, asset: str, observed: int | Unreadable) -> int:
        """A given price in the base currency, rounded down to its unit."""
        price_e18 = self._prices.e18(asset)
        if price_e18 is not None:
            return price_e18 * self._state.base_unit // WAD
        if isinstance(observed, Unreadable):
            raise UnreadableNumberError(observed)
        if observed == 0:
            raise UnreadableNumberError(Unreadable(f"price of {asset}", ZERO_ANSWER))
        if asset in self._prices.by_asset:
            # Too large for our 18 decimals: the pool computes with it, up to its own overflow.
            return observed
        raise UnreadableNumberError(Unreadable(f"price of {asset}", "was not given"))
