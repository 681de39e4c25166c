"""A liquidator's visit to one account: what they take over, and what they leave because it costs.

    rational       of all closures that the contract offers the one that gains most, each at the
                   largest amount that pays, an auction's at the first of its discounts that pays;
                   and again, until none pays
    at any loss    all that the contract lets them close
    winding up     all of a defaulted account, which bears what its sales lose

Within a round the protocols' prices stand still, while every closure moves along the depth curves
that the next one meets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.contagion.cascade.choice import largest_paying
from analyzer.contagion.cascade.closing import ROUNDING, Closing, Register
from analyzer.contagion.cascade.dust import surely_unpaid
from analyzer.contagion.cascade.state import State, Vain
from analyzer.contagion.cascade.venue import LIQUIDATOR, terms_of
from analyzer.contagion.scenario import Auctions, Willingness
from analyzer.contagion.trace import account_node
from analyzer.model.closure import Executed, Transfer
from analyzer.model.integers import WAD
from analyzer.protocols.simulation import Offer, Terms

ROUNDING_E18 = 10**9
"""A billionth of a dollar: what a closure that gives nobody anything may round by."""
MOST_SALES = 64
"""Of one winding up, each for what the one before it lost: where sales fetch next to nothing, what
is still owed then stays owed."""
DUST_E18 = 10**12
"""A loss of a sale up to this is nobody's: tokens of six decimals count no less."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A closure that pays. profit_e18: after gas and the required return."""

    offer: Offer
    amount: int
    profit_e18: int


def visit(state: State, closing: Closing, register: Register, account_id: str) -> None:
    """A liquidator comes to an account that breaches."""
    if state.prices.scenario.liquidators.mode is Willingness.AT_ANY_LOSS:
        _close_all(state, closing, register, account_id)
        return
    while True:
        left_e18 = _capacity_left_e18(state, closing)
        if left_e18 is not None and left_e18 <= 0:
            return
        best = best_choice(state, register.number, account_id, left_e18)
        if best is None:
            return
        state.ledger.fail(register.number, account_id, closing.round)
        executed = register.venue.simulation.execute(best.offer, best.amount)
        _book(state, closing, register, account_id, [executed])


def wind_up(state: State, closing: Closing, register: Register, account_id: str) -> None:
    """The account of an owner who has defaulted is closed whole; that asks nobody. An account
    without anything fails of nothing.

    What its sales fetch less than the protocol's prices (or more) is the account's: first its
    equity pays, then it is bad debt, and whoever sells for it neither gains nor loses. What it owes
    by that is paid by selling more of it, until nothing is left or nothing is owed.
    """
    simulation = register.venue.simulation
    state.ledger.fail(register.number, account_id, closing.round)
    for _ in range(MOST_SALES):
        executed = list(simulation.unwind(account_id))
        if not executed:
            return
        lost_e18 = 0
        for one in executed:
            # What cannot be bought is still owed, at the last price; what cannot be sold is lost.
            left = state.prices.quote(register.number, one.sold).left_e18
            owes = any(rest < 0 for rest in left.values())
            lost_e18 -= _trade(state, closing, register, account_id, one, keeps=owes)
            lost_e18 -= terms_of(one).paid_e18
        if abs(lost_e18) > DUST_E18:
            borne: Sequence[Transfer] = simulation.bear(account_id, lost_e18)
        else:
            borne = _rounded(lost_e18)
        executed[-1] = _with_transfers(executed[-1], borne)
        for one in executed:
            _note(state, closing, register, account_id, one)
        if abs(lost_e18) <= DUST_E18:
            return


def _rounded(lost_e18: int) -> tuple[Transfer, ...]:
    """A loss (or gain) of a sale that is too small for any token."""
    if not lost_e18:
        return ()
    parties = (ROUNDING, LIQUIDATOR) if lost_e18 > 0 else (LIQUIDATOR, ROUNDING)
    return (Transfer(*parties, abs(lost_e18), "less than tokens count"),)


def _with_transfers(executed: Executed, more: Sequence[Transfer]) -> Executed:
    """A closure with what follows from its sale."""
    closure = executed.closure
    return replace(executed, closure=replace(closure, transfers=(*closure.transfers, *more)))


def best_choice(
    state: State, number: int, account_id: str, left_e18: int | None = None
) -> Choice | None:
    """The offer that gains a liquidator most, at the largest amount that pays (ties: the lower
    offer id); None when none pays. left_e18: how much value may still be closed (> 0); what cannot
    be divided may go beyond."""
    if surely_unpaid(state, number, account_id):
        return None
    return searched(state, number, account_id, left_e18)


def searched(state: State, number: int, account_id: str, left_e18: int | None) -> Choice | None:
    """The same, looked for among its offers."""
    venue, key = state.venues[number], (number, account_id)
    version, vain = venue.version(account_id), state.vain.get(key)
    same = vain is not None and vain.version is version
    if vain is not None and same and vain.stamp == state.prices.stamp(vain.factors):
        return None
    offers = venue.simulation.offers(account_id)
    found = [
        choice
        for offer in offers
        if (choice := _first_paying(state, number, offer, left_e18)) is not None
    ]
    if not found and version is not None and left_e18 is None:
        sold = {asset for offer in offers for asset in offer.largest.sold} - venue.fixed
        traded = frozenset(venue.factors[asset] for asset in sold)
        now = venue.version(account_id)
        state.vain[key] = Vain(now, traded, state.prices.stamp(traded))
    return min(found, key=lambda c: (-c.profit_e18, c.offer.offer_id), default=None)


def _first_paying(state: State, number: int, offer: Offer, left_e18: int | None) -> Choice | None:
    """An offer at the block; where its terms get better with time, at the first second at which as
    much of it pays as could be taken at the block, and where so much never does, what pays at the
    end of its schedule. None when nothing pays.

    An amount that pays at one second pays at all later ones, so the first is found by halving.
    """
    waiting, never = offer.waiting, state.prices.scenario.liquidators.auctions is Auctions.NOW
    if waiting is None or never:
        return _choose(state, number, offer, left_e18)
    most = _within(offer, left_e18)

    def pays(then: Offer | None) -> bool:
        executed = None if then is None else state.venues[number].simulation.preview(then, most)
        if then is None or executed is None:
            return False
        gained = profit_e18(state, number, terms_of(executed), whole=most == then.most)
        return gained is not None and gained >= 0

    low, high, found = waiting.waited_s, waiting.longest_s, offer
    if not pays(offer):
        last = waiting.at(high)
        if last is None or not pays(last):
            return None if last is None else _choose(state, number, last, left_e18)
        found = last
        while high - low > 1:
            middle = (low + high) // 2
            then = waiting.at(middle)
            low, high, found = (low, middle, then) if then and pays(then) else (middle, high, found)
    return _choose(state, number, found, left_e18)


def _within(offer: Offer, left_e18: int | None) -> int:
    """The largest amount of an offer that the round's capacity lets them take."""
    value = offer.largest.closure.value_e18
    if left_e18 is None or value <= left_e18:
        return offer.most
    return max(offer.most * left_e18 // value, 1)


def _choose(state: State, number: int, offer: Offer, left_e18: int | None) -> Choice | None:
    """The largest amount of an offer that pays; None when there is none."""
    venue = state.venues[number]
    known: dict[int, int | None] = {}

    def profit(amount: int) -> int | None:
        if amount not in known:
            known[amount] = worked_out(amount)
        return known[amount]

    def worked_out(amount: int) -> int | None:
        terms = venue.terms(offer, amount)
        if terms is None:
            return None
        if offer.choosable and left_e18 is not None and terms.value_e18 > left_e18:
            return None
        return profit_e18(state, number, terms, whole=amount == offer.most)

    gas_e18 = state.prices.scenario.liquidators.cost_e18(0)
    amount = largest_paying(offer.most, profit, gas_e18) if offer.choosable else offer.most
    gained = profit(amount) if amount else None
    return None if gained is None or gained < 0 else Choice(offer, amount, gained)


def profit_e18(state: State, number: int, terms: Terms, *, whole: bool = True) -> int | None:
    """What a liquidator gains (or loses) by a closure, after gas and the required return; None
    where it takes more than the market has, so that the debt cannot be bought.

    whole: it is all that is offered. Who then neither trades nor pays nor gets more than a
    contract's rounding is a keeper: it costs them nothing. Any offer has a part as small as that.
    """
    paid, values = terms.paid_e18, _values_e18(state, number, terms.sold)
    if whole and 0 <= paid < ROUNDING_E18 and all(abs(value) < ROUNDING_E18 for value in values):
        return 0
    trade = state.prices.quote(number, terms.sold)
    if any(left < 0 for left in trade.left_e18.values()):
        return None
    gain = paid + trade.proceeds_e18 - sum(values)
    return gain - state.prices.scenario.liquidators.cost_e18(terms.value_e18)


def valued_e18(state: State, number: int, executed: Executed) -> int:
    """What has to be traded after a closure, at the protocol's own prices."""
    return sum(_values_e18(state, number, executed.sold))


def _values_e18(state: State, number: int, sold: Mapping[str, int]) -> list[int]:
    """The same, asset by asset."""
    venue, prices = state.venues[number], state.protocol_e18[number]
    return [
        venue.value_e18(asset, amount, prices[asset])
        for asset, amount in sold.items()
        if asset not in venue.fixed
    ]


def _capacity_left_e18(state: State, closing: Closing) -> int | None:
    """How much more value can be closed in the round; None where there is no limit."""
    capacity = state.prices.scenario.liquidators.capacity_usd
    return None if capacity is None else int(capacity * WAD) - closing.closed_value_e18


def _close_all(state: State, closing: Closing, register: Register, account_id: str) -> None:
    """Everything that may be closed, at any loss."""
    simulation = register.venue.simulation
    if simulation.offers(account_id):
        state.ledger.fail(register.number, account_id, closing.round)
        _book(state, closing, register, account_id, simulation.liquidate(account_id))


def _book(
    state: State,
    closing: Closing,
    register: Register,
    account_id: str,
    executed: Sequence[Executed],
) -> None:
    """Trades what liquidators took over and writes the closures into the round and the failure."""
    keeps = state.prices.scenario.liquidators.mode is Willingness.AT_ANY_LOSS
    for one in executed:
        _trade(state, closing, register, account_id, one, keeps=keeps)
        _note(state, closing, register, account_id, one)


def _trade(
    state: State,
    closing: Closing,
    register: Register,
    account_id: str,
    one: Executed,
    *,
    keeps: bool,
) -> int:
    """Sells and buys what a closure asks for; what that gained over the protocol's own prices.
    keeps: what the market does not bear counts at the last price."""
    trade = state.prices.trade(register.number, one.sold, last_price=keeps)
    gained = trade.proceeds_e18 - valued_e18(state, register.number, one)
    closing.trade_e18 += gained
    for factor, volume in trade.traded_e18.items():
        closing.flow_e18[factor] += volume
        closing.flows.append((account_node(register.venue.name, account_id), factor, volume))
    return gained


def _note(
    state: State, closing: Closing, register: Register, account_id: str, one: Executed
) -> None:
    """Writes a closure into the round and the failure."""
    venue = register.venue
    register.book(closing, account_id, one)
    closed = state.ledger.fail(register.number, account_id, closing.round).closed_e18
    factor = venue.factors.get(one.closure.asset_id, one.closure.asset_id)
    closed[factor] = closed.get(factor, 0) + one.closure.value_e18
