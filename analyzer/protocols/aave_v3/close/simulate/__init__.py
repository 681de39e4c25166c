"""The market in motion: prices move, liquidators work, owners withdraw; all in integers.

    offer = each collateral with each debt, up to the largest debt that the pool lets be repaid
    liquidate = the pair with the largest seized value (at present prices, among the pairs that the
            pool lets go through; ties: lower collateral id, then lower debt id), as much as it may,
            again and again until the account is healthy or no pair goes through

Interest stands still at the book's time, as it does within one block on the chain. A liquidator
sells the underlying of what was seized and buys the debt that was repaid; where the reserve cannot
pay the underlying out they keep aTokens (`needs_a_token` among the closure's numbers), and the
cascade sells it all the same, because somebody has to find that much of the asset.
Source: LiquidationLogic, SupplyLogic; spec sections 5 to 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from analyzer.model.book import Prices
from analyzer.model.closure import Executed, Transfer
from analyzer.model.integers import ceil_div
from analyzer.model.rows import BackstopRow
from analyzer.protocols.aave_v3.close.backstops import waterfall
from analyzer.protocols.aave_v3.close.liquidate import closure_of
from analyzer.protocols.aave_v3.close.simulate.applied import (
    Seizure,
    apply_seizure,
    apply_slippage,
    apply_withdrawal,
    copied,
)
from analyzer.protocols.aave_v3.close.simulate.closing import WindingUp, Withdrawals, owed_again
from analyzer.protocols.aave_v3.close.simulate.equities import (
    AaveEquities,
    equities_at,
    equities_of,
)
from analyzer.protocols.aave_v3.close.simulate.float_filter import FloatFilter, float_filter_of
from analyzer.protocols.aave_v3.close.simulate.quick import stake, terms, traded
from analyzer.protocols.aave_v3.close.simulate.receipts import receipts
from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.account import AccountData, Holding, Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import (
    LIQUIDATION_THRESHOLD,
    Asked,
    Call,
    Liquidation,
    Pair,
    pair_outcomes,
)
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.aave_v3.words import bit_numbers
from analyzer.protocols.kit.holders import Holders
from analyzer.protocols.kit.slippage import slippage
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.simulation import Offer, Receipt, Stake, Standing, Terms

__all__ = ["ROUNDING", "AaveSimulation", "simulate"]

ROUNDING = "rounding"
"""The party that takes or gives what balances and values round: a few base units a closure."""
OWNER = "owner"
"""The party that receives what is withdrawn."""
OTHER_PRICES = 64
"""How many sets of other prices (`equity_at`) are kept ready."""


def simulate(valued: AaveValued) -> AaveSimulation:
    """The book in motion, from its block and these prices on. The book itself is not changed."""
    return AaveSimulation(valued.book.account_ids, valued.state, valued.prices, valued)


class AaveSimulation:
    """A `Simulation` of one Aave V3 market (see `protocols.simulation`)."""

    def __init__(
        self,
        account_ids: Sequence[str],
        state: AaveState,
        prices: Prices,
        valued: AaveValued | None = None,
    ) -> None:
        """valued: the same book and prices, where its numbers are known already."""
        self._ids = list(account_ids)
        self._known_ids = frozenset(account_ids)
        self._state = copied(state)
        self._thresholds = {r.asset: r.config.threshold_bps for r in state.reserves.values()}
        self._categories = {n: c.threshold_bps for n, c in state.categories.items()}
        self._prices = prices
        self._changed: set[str] = set()
        self._others_than_told: set[str] = set()
        self._equities = None if valued is None else equities_of(valued)
        self._float_filter = None if valued is None else float_filter_of(valued)
        self._holders = Holders(self._ids, self._assets_of)
        self._open: dict[str, bool] = {}
        self._versions: dict[str, object] = {}
        self._others: dict[frozenset[tuple[str, int]], Valuation] = {}
        self._open_offer: tuple[Offer, Holding, Holding, Asked] | None = None
        known = None if valued is None else valued.valuation.known_accounts()
        self._valuation = Valuation(self._state, prices, known)

    @property
    def state(self) -> AaveState:
        """The market as it is now. To read, not to change."""
        return self._state

    def prices_e18(self) -> Mapping[str, int]:
        """Every price in use, the price sources of categories among them."""
        prices = self._prices.by_asset.values()
        return {p.asset_id: p.price_e18 for p in prices if p.price_e18 is not None}

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """The oracle's answers from now on; the pool sees them in its base unit, rounded down."""
        known = self.prices_e18()
        for asset, price in prices_e18.items():
            if asset not in known:
                raise KeyError(asset)
            if price <= 0:
                raise ValueError(f"a price of {price} for {asset}: prices are positive")
        moved = [asset for asset, price in prices_e18.items() if known[asset] != price]
        if moved:
            self._prices = self._prices.with_e18(prices_e18)
            self._forget(self._holders.of(moved))

    def scale_requirements(self, factor: Fraction) -> None:
        """Liquidation thresholds become 1 - (1 - threshold) x factor, rounded down to a basis
        point. A collateral stays one: where a threshold of 0 would end that, it is 1 bp."""
        if factor < 1:
            raise ValueError(f"requirements are scaled by 1 or more, not by {factor}")

        def scaled(threshold: int) -> int:
            least = int(threshold > 0 and self._state.rules.collateral_needs_threshold)
            return max(int((PERCENT - (PERCENT - threshold) * factor) // 1), least)

        for asset, reserve in list(self._state.reserves.items()):
            config = replace(reserve.config, threshold_bps=scaled(self._thresholds[asset]))
            self._state.reserves[asset] = replace(reserve, config=config)
        for number, category in list(self._state.categories.items()):
            threshold = scaled(self._categories[number])
            self._state.categories[number] = replace(category, threshold_bps=threshold)
        self._float_filter = None
        self._forget(self._ids)

    def account_ids(self) -> Sequence[str]:
        """Every account in book order."""
        return self._ids

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when a number that it needs is unknown."""
        data = self._account(account_id)
        if data is None:
            return None
        numerator = data.margin_numerator_e4 * self._e18(1) // PERCENT
        return Standing(
            equity_e18=self._equity(data),
            headroom_e18=numerator - self._e18(data.debt_base),
            breaches=self._breaches(account_id),
            free_collateral_e18=self._e18(data.borrow_limit_base - data.debt_base),
        )

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its equity if these assets had these prices."""
        if not prices_e18:
            now = self._account(account_id)
            return None if now is None else self._equity(now)
        key = frozenset(prices_e18.items())
        if key not in self._others:
            if len(self._others) >= OTHER_PRICES:
                self._others.clear()
            self._others[key] = Valuation(self._state, self._prices.with_e18(prices_e18))
        data = self._others[key].computed(account_id)
        return None if isinstance(data, Unreadable) else self._equity(data)

    def equities(self) -> list[int | None]:
        """Every account's equity now, in book order."""
        if self._equities is None:
            self._equities = AaveEquities(self._state, self._all())
            self._others_than_told.clear()
        return self._equities.at(self._valuation, self._others_than_told)

    def equities_at(
        self, account_ids: Sequence[str], prices_e18: Sequence[Mapping[str, int]]
    ) -> list[list[int | None]]:
        """Some accounts' equities at one set of prices after the other."""
        known = [(address, self._account(address)) for address in account_ids]
        at = (Valuation(self._state, self._prices.with_e18(given)) for given in prices_e18)
        return equities_at(self._state, known, at)

    def breaching(self) -> Sequence[str]:
        """The accounts of which some pair can be liquidated now, in book order."""
        if self._float_filter is None:
            self._float_filter = FloatFilter(self._state, self._known())
            self._changed.clear()
        near = self._changed.union(self._float_filter.candidates(self._valuation))
        found = {address for address in near if self._breaches(address)}
        return [address for address in self._ids if address in found]

    def offers(self, account_id: str) -> Sequence[Offer]:
        """Each collateral with each debt; whoever calls may ask for less debt than the most."""
        data = self._account(account_id)
        if data is None:
            return ()
        return [
            Offer(
                account_id=account_id,
                offer_id=f"{pair[0].reserve.id:03}/{pair[1].reserve.id:03}",
                most=pair[2].debt_repaid,
                choosable=True,
                largest=self._executed(data, pair),
            )
            for pair in pair_outcomes(self._valuation, data)
            if pair[2].reverts is None
        ]

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """The pair with so much of the debt; None where it would leave dust."""
        data, pair = self._known_account(offer), self._asked(offer, amount)
        return None if pair[2].reverts is not None else self._executed(data, pair)

    def terms(self, offer: Offer, amount: int) -> Terms | None:
        """See `protocols.simulation.Quick`."""
        if self._open_offer is None or self._open_offer[0] is not offer:
            self._open_offer = (offer, *self._prepared(offer))
        _, collateral, debt, asked = self._open_offer
        whole = amount == offer.most
        found = asked.liquidation.largest(asked.call) if whole else asked.outcome(amount)
        return terms(self._state, collateral, debt, found)

    def stake(self, account_id: str) -> Stake | None:
        """See `protocols.simulation.Quick`."""
        data = self._account(account_id)
        return None if data is None else stake(self._valuation, data)

    def execute(self, offer: Offer, amount: int) -> Executed:
        """It happens. Raises: ValueError where the pool would revert."""
        data, pair = self._known_account(offer), self._asked(offer, amount)
        if pair[2].reverts is not None:
            raise ValueError(f"{offer.account_id} {offer.offer_id} of {amount}: {pair[2].reverts}")
        return self._apply(data, pair, self._executed(data, pair))

    def _known_account(self, offer: Offer) -> AccountData:
        """The numbers of an offer's account, which are known. Raises: ValueError when not."""
        data = self._account(offer.account_id)
        if data is None:
            raise ValueError(f"{offer.account_id} is unknown: nothing is offered of it")
        return data

    def _asked(self, offer: Offer, amount: int) -> Pair:
        """The pair of an offer, with what an amount of its debt does."""
        collateral, debt, asked = self._prepared(offer)
        if amount == offer.most:
            return collateral, debt, asked.liquidation.largest(asked.call)
        return collateral, debt, asked.outcome(amount)

    def _prepared(self, offer: Offer) -> tuple[Holding, Holding, Asked]:
        """The pair of an offer, and its liquidation of any amount."""
        data = self._known_account(offer)
        held = {holding.reserve.id: holding for holding in data.holdings}
        collateral, debt = (held[int(number)] for number in offer.offer_id.split("/"))
        call = Call(collateral.reserve.asset, debt.reserve.asset)
        return collateral, debt, Liquidation(self._valuation, data).asked(call)

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """All that may be closed, in the order above."""
        done: list[Executed] = []
        while (data := self._account(account_id)) is not None:
            pair = self._best(data)
            if pair is None:
                break
            done.append(self._apply(data, pair, self._executed(data, pair)))
        return done

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Repays the debts out of the collateral, without a bonus, in the order of reserve ids."""
        done: list[Executed] = []
        while (data := self._account(account_id)) is not None:
            pair = WindingUp(self._valuation, data).first()
            if pair is None:
                break
            done.append(self._apply(data, pair, self._executed(data, pair)))
        return done

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        """So much more (or less) of the first of its debts, in the order of reserve ids, as if less
        of it had been repaid; a gain beyond that debt is supplied. Rounded against the account."""
        before = self._account(account_id)
        found = None if before is None else owed_again(self._valuation, account_id)
        if before is None or found is None:
            return ()
        reserve, price = found
        more = ceil_div(lost_e18 * reserve.unit, self._e18(price))
        apply_slippage(self._state, account_id, reserve.asset, more)
        self._touch(account_id)
        moved = slippage(account_id, lost_e18)
        return (*moved, *self._rounding(before, moved))

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """Takes out of every collateral, in the order of reserve ids, what the pool lets go."""
        done: list[Transfer] = []
        data = self._account(account_id)
        for asset in [] if data is None else [h.reserve.asset for h in data.holdings]:
            before = self._account(account_id)
            if before is None:
                break
            taken = Withdrawals(self._valuation, before).largest(asset)
            if taken is None:
                continue
            holding = taken.holding
            value = taken.amount * holding.price // holding.reserve.unit if holding.counted else 0
            apply_withdrawal(
                self._state,
                account_id,
                holding,
                amount=taken.amount,
                scaled_after=taken.scaled_after,
                flag=taken.flag,
            )
            self._touch(account_id)
            what = f"{holding.reserve.symbol} withdrawn"
            moved = (
                Transfer(account_id, OWNER, self._e18(value), what, asset_id=holding.reserve.asset),
            )
            done += [*moved, *self._rounding(before, moved)]
        return done

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall as it is now."""
        return waterfall(self._valuation)

    def receipts(self) -> Sequence[Receipt]:
        """The supply token of every reserve of which supply and price are known."""
        return receipts(self._valuation)

    def _e18(self, base: int) -> int:
        """A base-currency amount in 18 decimals."""
        return to_e18(base, self._state.base_unit)

    def _equity(self, data: AccountData) -> int:
        """Collateral less debt, 18 decimals."""
        return self._e18(data.collateral_base - data.debt_base)

    def _forget(self, accounts: Iterable[str]) -> None:
        """Prices or parameters changed, and these accounts' numbers with them."""
        for address in accounts:
            self._open.pop(address, None)
            self._versions.pop(address, None)
        self._valuation = self._valuation.moved(self._prices, accounts)
        self._others.clear()
        self._open_offer = None

    def _touch(self, account_id: str) -> None:
        """One account (and a reserve or two) changed."""
        treasuries = {r.treasury for r in self._state.reserves.values() if r.treasury}
        touched = {account_id, *treasuries} & self._known_ids
        for address in touched:
            self._changed.add(address)
            self._others_than_told.add(address)
            self._holders.changed(address)
        self._forget(touched)

    def _assets_of(self, account_id: str) -> set[str]:
        """Everything whose price the account's numbers depend on: its reserves, and what prices its
        category."""
        account = self._state.accounts[account_id]
        assets = {*account.supplied, *account.borrowed, *account.stable}
        by_id = self._valuation.reserves_by_id
        ids = bit_numbers(account.collateral_bits)
        assets.update(by_id[number].asset for number in ids if number in by_id)
        category = self._state.categories.get(account.emode)
        if category is not None and category.price_source:
            assets.add(category.price_source)
        return assets

    def version(self, account_id: str) -> object:
        """See `protocols.simulation.Versioned`: it ends with the account and with its prices."""
        return self._versions.setdefault(account_id, object())

    def _account(self, account_id: str) -> AccountData | None:
        """The account's numbers now; None when one is unknown. Raises: KeyError."""
        found = self._valuation.account_data(account_id)
        return None if isinstance(found, Unreadable) else found

    def _all(self) -> Iterator[tuple[str, AccountData | None]]:
        """Every account with its numbers now; None where one is unknown."""
        return ((address, self._account(address)) for address in self._ids)

    def _known(self) -> Iterator[tuple[str, AccountData]]:
        """Every account whose numbers are known."""
        return ((address, data) for address, data in self._all() if data is not None)

    def _breaches(self, account_id: str) -> bool:
        """Whether the account may be liquidated and some pair goes through."""
        if account_id not in self._open:
            data = self._account(account_id)
            self._open[account_id] = data is not None and any(
                outcome.reverts is None for _, _, outcome in pair_outcomes(self._valuation, data)
            )
        return self._open[account_id]

    def _best(self, data: AccountData) -> Pair | None:
        """The pair that a visit takes next, or None."""
        if data.health_factor >= LIQUIDATION_THRESHOLD:
            return None
        pairs = [p for p in pair_outcomes(self._valuation, data) if p[2].reverts is None]
        return max(pairs, key=lambda pair: pair[2].seized_value, default=None)

    def _executed(self, data: AccountData, pair: Pair) -> Executed:
        """The pair's closure and what its liquidator trades."""
        collateral, debt, outcome = pair
        closure = closure_of(self._state, data, collateral, debt, outcome)
        return Executed(closure, traded(collateral, debt, outcome))

    def _apply(self, data: AccountData, pair: Pair, executed: Executed) -> Executed:
        """The state after it; the closure with what rounding took or gave."""
        closure = executed.closure
        taken = bool(closure.after["needs_a_token"])
        # The treasury is a second account that changes, where it counts its fee as collateral.
        parties = {data.address: data}
        for party in {transfer.to_party for transfer in closure.transfers} & self._known_ids:
            other = self._account(party)
            if other is not None:
                parties[party] = other
        apply_seizure(self._state, data.address, Seizure(*pair, taken))
        self._touch(data.address)
        transfers = closure.transfers
        for before in parties.values():
            transfers += self._rounding(before, closure.transfers)
        return replace(executed, closure=replace(closure, transfers=transfers))

    def _rounding(self, before: AccountData, moved: Sequence[Transfer]) -> tuple[Transfer, ...]:
        """What the change of an account's equity has beyond what was moved: the roundings of its
        balances and of their values; nothing where there is none."""
        address = before.address
        after = self._account(address)
        if after is None:
            raise AssertionError(f"{address} was known before it changed, and is not after it")
        change = self._equity(after) - self._equity(before)
        change += sum(t.amount_e18 for t in moved if t.from_party == address)
        change -= sum(t.amount_e18 for t in moved if t.to_party == address)
        what = "balances and values are whole units"
        if change > 0:
            return (Transfer(ROUNDING, address, change, what),)
        return (Transfer(address, ROUNDING, -change, what),) if change else ()
