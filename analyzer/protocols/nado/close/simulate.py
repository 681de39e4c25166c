"""Nado's accounts in motion: what a cascade drives (see `protocols.simulation`).

    offer = each perp, spot and spread at the largest amount that goes through, or less of it
    liquidate = the step of the largest value at its largest amount, again and again until none goes
            through, and the finalisation of what is left as soon as that does

Time stands still: no tick comes. A liquidator is nobody in the book and has means enough; what is
taken over stays on its books here, and counts among the holders who share a loss. Whoever takes the
last thing of an account finalises it in the same breath where that goes through, as the venue's
own sequencer does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from analyzer.model.closure import Closure, Executed, Transfer
from analyzer.model.rows import BackstopRow
from analyzer.protocols.kit.slippage import slippage
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, attempt
from analyzer.protocols.nado.account_ids import Kind, kind_of
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.close.backstops import waterfall
from analyzer.protocols.nado.close.closures import closure_of, equity, rounding, sold_by
from analyzer.protocols.nado.close.motion import Motion
from analyzer.protocols.nado.close.parties import LIQUIDATOR, OWNER, TREASURY
from analyzer.protocols.nado.close.unwinding import Unwinding, next_unwinding
from analyzer.protocols.nado.close.withdraw import largest_withdrawal
from analyzer.protocols.nado.state.state import QUOTE, NadoState
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType
from analyzer.protocols.nado.value.liquidation.call import (
    FINALISATION,
    Call,
    Mode,
    RefusedError,
)
from analyzer.protocols.nado.value.liquidation.steps import (
    Step,
    any_step,
    attempted,
    candidates,
    largest,
)
from analyzer.protocols.nado.value.liquidation.working import Working
from analyzer.protocols.nado.value.value import NadoValued
from analyzer.protocols.simulation import Offer, Receipt, Standing

MOST_STEPS = 200
"""Steps of one visit; roundings could go on for ever."""


def simulate(valued: NadoValued) -> NadoSimulation:
    """The book in motion, from its block and these prices on. The book itself is not changed."""
    return NadoSimulation(valued.book.account_ids, Motion(valued.state, valued.valuation.prices))


class NadoSimulation:
    """A `Simulation` of one Nado venue. The protocol's own accounts are in its state, and are
    neither listed nor liquidated."""

    def __init__(self, account_ids: Sequence[str], motion: Motion) -> None:
        self._ids = list(account_ids)
        self._motion = motion
        self._steps: dict[str, dict[str, Step]] = {}
        self._open: dict[str, bool] = {}

    @property
    def state(self) -> NadoState:
        """The venue as it is now. To read, not to change."""
        return self._motion.state

    def prices_e18(self) -> Mapping[str, int]:
        """Every price in use."""
        return self._motion.prices_e18()

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """The engines' prices from now on; the quote product's is 1 whatever is given. Raises:
        KeyError for an asset without a price; ValueError for one below 1 wei."""
        if self._motion.set_prices(prices_e18):
            self._forget()

    def scale_requirements(self, factor: Fraction) -> None:
        """Initial and maintenance requirements: the block's own times `factor`, rounded up."""
        self._motion.scale_requirements(factor)
        self._forget()

    def account_ids(self) -> Sequence[str]:
        """Every account in book order."""
        return self._ids

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when unknown. Raises: KeyError."""
        numbers = self._motion.valuation.numbers(account_id)
        if isinstance(numbers, Unreadable):
            return None
        return Standing(
            equity_e18=numbers.pnl.total,
            headroom_e18=numbers.maintenance.total,
            breaches=self._breaches(account_id),
            free_collateral_e18=numbers.initial.total,
        )

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its equity at these prices."""
        numbers = self._motion.at(prices_e18).numbers(account_id)
        return None if isinstance(numbers, Unreadable) else numbers.pnl.total

    def breaching(self) -> Sequence[str]:
        """The accounts of which some step goes through now, in book order."""
        return [account for account in self._ids if self._breaches(account)]

    def offers(self, account_id: str) -> Sequence[Offer]:
        """Each step at its largest amount; whoever calls may ask for less of a position."""
        return [
            Offer(
                account_id=account_id,
                offer_id=offer_id,
                most=max(abs(step.call.amount), 1),
                choosable=step.outcome.mode is not Mode.FINALISATION,
                largest=self._executed(self._motion.valuation, step),
            )
            for offer_id, step in self._possible(account_id).items()
        ]

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """The step at that amount, down to whole increments."""
        step = self._asked(offer, amount)
        return None if step is None else self._executed(self._motion.valuation, step)

    def execute(self, offer: Offer, amount: int) -> Executed:
        """It happens. Raises: ValueError where the contract would refuse."""
        step = self._asked(offer, amount)
        if step is None:
            raise ValueError(f"{offer.offer_id} of {offer.account_id}: {amount} cannot be closed")
        return self._happened(step)

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """Steps until none goes through. Raises: KeyError for no such account."""
        done: list[Executed] = []
        while len(done) < MOST_STEPS and (found := self._possible(account_id)):
            done.append(self._happened(_next(self._motion.valuation, found), finalise=False))
        return done

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Everything is sold and closed at its price, without a penalty, then what the account
        owes is passed on as in a finalisation; up to what no longer fits the contract's numbers.
        Raises: KeyError for no such account."""
        done: list[Executed] = []
        while True:
            step = attempt(lambda: next_unwinding(self._motion.valuation, account_id))
            if step is None or isinstance(step, Unreadable):
                return done
            done.append(self._unwound(account_id, step))

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        """So much less or more quote in the account. Raises: KeyError."""
        before = self._motion.valuation.numbers(account_id)
        if isinstance(before, Unreadable):
            return ()
        working = Working(self._motion.valuation)
        working.add_spot(account_id, QUOTE, -lost_e18)
        self._keep(working)
        moved = slippage(account_id, lost_e18)
        change = equity(self._motion.valuation, account_id) - before.pnl.total
        return (*moved, *rounding(account_id, change, moved))

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """All positive balances, as much as the Clearinghouse lets go, the quote product last; the
        fee of each is the protocol's. Raises: KeyError for no such account."""
        done: list[Transfer] = []
        account = self._motion.state.accounts[account_id]
        if kind_of(account_id) is Kind.ISOLATED or self.standing(account_id) is None:
            return ()
        for product in sorted(account.spot, key=lambda number: (number == QUOTE, number)):
            if account.spot[product] > 0:
                done += self._taken_out(account_id, product)
        return done

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall as it is now."""
        return waterfall(self._motion.valuation)

    def receipts(self) -> Sequence[Receipt]:
        """None: the NLP token's price is the sequencer's, and no loss moves it by itself."""
        return ()

    def _taken_out(self, account_id: str, product: int) -> Sequence[Transfer]:
        """One withdrawal."""
        valuation = self._motion.valuation
        try:
            found = largest_withdrawal(valuation, account_id, product)
        except UnreadableNumberError:
            return ()
        if found is None:
            return ()
        amount, working = found
        spot, price = valuation.state.spots[product], valuation.prices[product]
        before = equity(valuation, account_id)
        self._keep(working)
        paid = Transfer(
            account_id,
            OWNER,
            mul(amount, price),
            f"{spot.symbol} withdrawn",
            asset_id=spot.asset_id,
        )
        fee = Transfer(
            account_id, TREASURY, mul(spot.config.withdraw_fee, price), "fee of a withdrawal"
        )
        moved = tuple(t for t in (paid, fee) if t.amount_e18)
        change = equity(self._motion.valuation, account_id) - before
        return (*moved, *rounding(account_id, change, moved))

    def _breaches(self, account_id: str) -> bool:
        """Whether some step goes through now."""
        found = self._open.get(account_id)
        if found is None:
            valuation = self._motion.valuation
            numbers = valuation.numbers(account_id)
            below = not isinstance(numbers, Unreadable) and numbers.maintenance.total < 0
            found = below and any_step(valuation, account_id, LIQUIDATOR)
            self._open[account_id] = found
        return found

    def _possible(self, account_id: str) -> dict[str, Step]:
        """The steps that go through now, by offer id, in the contract's order."""
        if account_id not in self._steps:
            valuation = self._motion.valuation
            numbers = valuation.numbers(account_id)
            found = dict[str, Step]()
            if not isinstance(numbers, Unreadable) and numbers.maintenance.total < 0:
                for call in candidates(valuation, account_id, LIQUIDATOR):
                    step = largest(valuation, call)
                    if step is not None:
                        found[f"{step.outcome.mode.value} {call.product}"] = step
            self._steps[account_id] = found
        return self._steps[account_id]

    def _asked(self, offer: Offer, amount: int) -> Step | None:
        """The step of an offer at an amount, in whole increments; None where it is refused."""
        step = self._possible(offer.account_id)[offer.offer_id]
        if step.outcome.mode is Mode.FINALISATION or amount == abs(step.call.amount):
            return step
        unit = self._unit(step)
        units = amount // unit * unit
        asked = replace(step.call, amount=units if step.call.amount > 0 else -units)
        try:
            return attempted(self._motion.valuation, asked) if units else None
        except (RefusedError, UnreadableNumberError):
            return None

    def _unit(self, step: Step) -> int:
        """The increment of what a step closes."""
        perps, call = self._motion.state.perps, step.call
        if step.outcome.mode is Mode.SPOT:
            return 1
        return perps[call.legs[1] if call.is_spread else call.product].size_increment

    def _finalised(self, valuation: Valuation, step: Step) -> Step | None:
        """The finalisation that follows a step, where it goes through."""
        if step.outcome.mode is Mode.FINALISATION:
            return None
        call = Call(LIQUIDATOR, step.call.liquidated, FINALISATION, False, 0)
        if step.working.health(call.liquidated, HealthType.MAINTENANCE) >= 0:
            return None
        try:
            return attempted(valuation, call)
        except (RefusedError, UnreadableNumberError):
            return None

    def _executed(self, valuation: Valuation, step: Step) -> Executed:
        """A step, with the finalisation that follows it, as a closure and its sales."""
        after = self._motion.after(step.working)
        final = self._finalised(after, step)
        closure = closure_of(valuation, step)
        if final is not None:
            closure = _joined(closure, closure_of(after, final))
        return Executed(closure, sold_by(valuation, step))

    def _happened(self, step: Step, finalise: bool = True) -> Executed:
        """Makes a step happen."""
        valuation = self._motion.valuation
        if not finalise:
            executed = Executed(closure_of(valuation, step), sold_by(valuation, step))
            self._keep(step.working)
            return executed
        executed = self._executed(valuation, step)
        final = self._finalised(self._motion.after(step.working), step)
        self._keep(step.working)
        if final is not None:
            self._keep(final.working)
        return executed

    def _unwound(self, account_id: str, step: Unwinding) -> Executed:
        """Makes a step of an unwinding happen."""
        self._keep(step.working)
        del account_id
        return step.executed

    def _keep(self, working: Working) -> None:
        """The state after a step. Every other step was tried on the products and the insurance of
        before it."""
        self._motion.keep(working)
        self._forget()

    def _forget(self) -> None:
        """What was tried is tried again."""
        self._steps.clear()
        self._open.clear()


def _next(valuation: Valuation, found: Mapping[str, Step]) -> Step:
    """The step that comes first: the finalisation where it goes through, because then nothing but a
    wei could still be bought back, else the one of the largest value. (What a pair has beyond whole
    increments could be taken singly for ever, an increment at a time.)"""
    steps = list(found.values())
    last = steps[-1]
    if last.outcome.mode is Mode.FINALISATION:
        return last
    return max(steps, key=lambda step: _value(valuation, step))


def _value(valuation: Valuation, step: Step) -> int:
    """What a step closes, at the prices of now."""
    call = step.call
    legs = call.legs if call.is_spread else (call.product,)
    return sum(abs(mul(valuation.prices[leg], call.amount)) for leg in legs)


def _joined(first: Closure, final: Closure) -> Closure:
    """A step and the finalisation that follows it as one closure."""
    return replace(
        first,
        transfers=(*first.transfers, *final.transfers),
        after={**first.after, **final.after, "fee": first.after["fee"]},
    )
