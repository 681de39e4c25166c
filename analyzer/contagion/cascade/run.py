"""The cascade: from a shock through liquidations, sales and losses to where nothing more happens.

    shock ─▶ revalue ─▶ who breaches ─▶ the protocol closes ─▶ sales move prices ─▶ waterfall
                ▲                                                                      │
                └────────── prices, receipt tokens, requirements ◀─────────────────────┘

Every valuation, closure and loss is the protocol's own (`Simulation`), in integers. Closures are
irreversible and impact depends on cumulative sales. The result depends on the order in which
accounts are visited where somebody is short or a loss is shared: `batch` closes all who breach at
one round's prices, `sequential` lets prices move after each account (see docs/contagion.md).
Source: risk-models section 3 (algorithm), section 4 (attribution).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from analyzer.contagion.cascade.closing import Closing, Register, liquidators_result_e18
from analyzer.contagion.cascade.measure import Change, change, measure, tally
from analyzer.contagion.cascade.order import CascadeOptions, Visit, choose_visits, defaulters
from analyzer.contagion.cascade.prices import Tape
from analyzer.contagion.cascade.result import CascadeResult, Failure, Party, Round, Tally
from analyzer.contagion.cascade.spiral import Spiral
from analyzer.contagion.cascade.transmission import Cause, Changes, Equities, Move, Transmission
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import Scenario, Step, unmapped
from analyzer.contagion.trace.edges import Channel, Edge, account_node, unsettled_node
from analyzer.market.depth import ImpactCurve
from analyzer.model.closure import Executed

ONE = Fraction(1)


def run_cascade(
    venues: Sequence[Venue],
    scenario: Scenario,
    curves: Mapping[str, ImpactCurve],
    options: CascadeOptions | None = None,
) -> CascadeResult:
    """Runs a scenario over the venues' simulations (which it changes) until nothing more happens.

    curves: factor -> what its forced sales do to its price; a factor that is missing does not
    move. Raises: ValueError when two venues have one name.
    """
    if len({venue.name for venue in venues}) != len(venues):
        raise ValueError("two venues of a cascade have the same name")
    return _Cascade(venues, scenario, curves, options or CascadeOptions()).run()


@dataclass(slots=True)
class _Open:
    """A failure in the making."""

    venue: Venue
    account_id: str
    round: int | None
    before_e18: int
    loss_e18: int
    deficit_e18: int = 0
    closed_e18: dict[str, int] = field(default_factory=dict)


class _Cascade:
    """One run: the state that its rounds hand on."""

    def __init__(
        self,
        venues: Sequence[Venue],
        scenario: Scenario,
        curves: Mapping[str, ImpactCurve],
        options: CascadeOptions,
    ) -> None:
        self.venues = venues
        self.scenario = scenario
        self.options = options
        self.tape = Tape(venues, scenario, curves)
        self.transmission = Transmission(venues)
        self.spiral = Spiral(scenario.margin_spiral)
        self.rounds: list[Round] = []
        self.failures: dict[str, _Open] = {}
        self.absorbed: dict[str, int] = {}
        self.charged = {venue.name: 0 for venue in venues}
        self.rows = [venue.simulation.backstops() for venue in venues]
        self.issuers: dict[str, str] = {}
        self.borne: dict[tuple[str, str | None], int] = {}
        self.impact: dict[str, Fraction] = {}
        self.recovery: dict[str, Fraction] = {}
        self.number = 0
        self.equities: Equities = []
        self.start: Equities = []
        self.protocol: Changes = []

    def run(self) -> CascadeResult:
        """The whole of it."""
        withdrawn = self._withdraw()
        before = self._tallies()
        self.start = self.equities = measure(self.venues)
        self.protocol = [dict(prices) for prices in self.tape.start]
        shocked, quiet, shock = before, True, dict[str, Fraction]()
        for number, step in enumerate(self.scenario.steps):
            self._shock(number, step)
            if number == 0:
                shocked = self._tallies()
            shock = dict(self.tape.shock)
            quiet = self._rounds(number, step)
        self._settle_the_rest()
        curves = {
            f: self.tape.curves[f].source for f in self.tape.factors() if f in self.tape.curves
        }
        return CascadeResult(
            scenario=self.scenario.name,
            order=self.options.name,
            before=before,
            shocked=shocked,
            after=self._tallies(),
            rounds=tuple(self.rounds),
            failures={node: _closed(found) for node, found in self.failures.items()},
            absorbed=self.absorbed,
            edges=tuple(self.transmission.finish()),
            bad_debt_e18=self.charged,
            shock=shock,
            unmapped=tuple(unmapped(self.scenario, self.tape.factors())),
            curves=curves,
            quiet=quiet,
            withdrawn_e18=withdrawn,
            sales=self.transmission.made_by,
            exhausted=self.tape.exhausted(),
            borne_e18=self.borne,
        )

    def _tallies(self) -> dict[str, Tally]:
        """Every venue's tally."""
        return {venue.name: tally(venue) for venue in self.venues}

    def _withdraw(self) -> dict[str, int]:
        """Takes out all free collateral before the shock, where the scenario says so."""
        out = {}
        for venue in self.venues if self.scenario.withdraw else ():
            simulation, taken = venue.simulation, 0
            for account in simulation.account_ids():
                if account not in venue.funds:
                    taken += sum(t.amount_e18 for t in simulation.withdraw(account))
            out[venue.name] = taken
        return out

    def _shock(self, number: int, step: Step) -> None:
        """One step of the scenario: prices jump before anybody reacts."""
        if number:
            self.number += 1
        before = self._prices()
        self.tape.apply(step)
        moved = self._move_prices(Channel.EXOGENOUS)
        self._tighten(before)
        ledger = dict.fromkeys(Party, 0)
        ledger[Party.ACCOUNTS] = moved.accounts_e18
        ledger[Party.ABSORBERS] = moved.funds_e18
        ledger[Party.MARKET] = -moved.accounts_e18 - moved.funds_e18
        self.rounds.append(Round(self.number, number, (), {}, before, self._prices(), ledger, 0, 0))

    def _prices(self) -> dict[str, Fraction]:
        """factor -> its price as a share of the block's."""
        tape = self.tape
        return {f: tape.shock.get(f, ONE) * tape.impact_of(f) for f in tape.factors()}

    def _rounds(self, number: int, step: Step) -> bool:
        """Rounds until nothing more happens in this step; whether it came to rest."""
        defaulted = defaulters(self.venues, self.scenario) if number == 0 else []
        limit = step.rounds_limit
        done = 0
        while limit is None or done < limit:
            if len(self.rounds) >= self.options.max_rounds:
                return False
            visits = defaulted or choose_visits(self.venues, step, self.options)
            if not visits or not self._round(number, visits, unwind=bool(defaulted)):
                return True
            defaulted = []
            done += 1
        return not choose_visits(self.venues, step, self.options)

    def _round(self, step: int, visits: Sequence[Visit], *, unwind: bool) -> bool:
        """One round; False when nobody could be closed after all."""
        self.number += 1
        closing = Closing(self.number)
        registers = [
            Register(number, venue, rows)
            for number, (venue, rows) in enumerate(zip(self.venues, self.rows, strict=True))
        ]
        for visit in visits:
            self._visit(closing, registers[visit[0]], visit[1], unwind=unwind)
            if closing.closed and self.options.sequential and not unwind:
                break
        if not closing.closed:
            self.number -= 1
            return False
        self._account_for(step, closing)
        return True

    def _visit(self, closing: Closing, register: Register, account: str, *, unwind: bool) -> None:
        """One account's closures."""
        venue, blamed = register.venue, False

        def accept(executed: Executed) -> bool:
            nonlocal blamed
            if self.options.must_pay and not self._pays(register.number, executed):
                return False
            if not blamed:
                self._fail(register.number, account, closing.round)
                blamed = True
            return True

        if unwind:
            # An owner's own winding up asks nobody; an account without anything fails of nothing.
            self._fail(register.number, account, closing.round)
            executed = venue.simulation.unwind(account)
        else:
            executed = venue.simulation.liquidate(account, accept)
        node = account_node(venue.name, account)
        for one in executed:
            register.book(closing, account, one)
            closed = self.failures[node].closed_e18
            factor = venue.factors.get(one.closure.asset_id, one.closure.asset_id)
            closed[factor] = closed.get(factor, 0) + one.closure.value_e18

    def _pays(self, number: int, executed: Executed) -> bool:
        """Whether a liquidator does not lose by it, at the market's prices now."""
        gain = 0
        for transfer in executed.closure.transfers:
            gain += transfer.amount_e18 * (transfer.to_party == "liquidator")
            gain -= transfer.amount_e18 * (transfer.from_party == "liquidator")
        venue = self.venues[number]
        for asset, amount in executed.sold.items():
            if asset in venue.fixed:
                continue
            there = self.protocol[number].get(asset, self.tape.start[number][asset])
            market = self.tape.market_e18(number, asset)
            if there != market:
                gain += venue.value_e18(asset, amount, market)
                gain -= venue.value_e18(asset, amount, there)
        return gain >= 0

    def _fail(self, number: int, account: str, round_: int | None) -> None:
        """Notes an account's first closure, and why it came to it."""
        venue = self.venues[number]
        node = account_node(venue.name, account)
        if node in self.failures:
            return
        before = self.start[number].get(account) or 0
        loss = self.transmission.blame(number, account)
        self.failures[node] = _Open(venue, account, round_, before, loss)

    def _account_for(self, step: int, closing: Closing) -> None:
        """Measures what the closures did, lets prices follow, and writes the round down."""
        before, prices = self.equities, self._prices()
        self.equities = measure(self.venues)
        closed = change(self.venues, before, self.equities)
        closing.settle_winners(self.venues, self.failures)
        self.transmission.record_winners(closing.round, closing.winners, before, self.equities)
        sold_before = dict(self.tape.sold_e18)
        taken_at = self.protocol
        flow = self.tape.sell(sold for _, sold in closing.sold)
        for node, sold in closing.sold:
            self._record_sale(closing.round, node, sold)
        self._haircut(closing)
        trade = liquidators_result_e18(self.tape, closing, taken_at, sold_before)
        self._book_charges(closing)
        moved = self._move_prices(Channel.PRICE)
        self._tighten(prices)
        measured = closed.accounts_e18 + closed.funds_e18
        rounding = measured - closing.to_accounts_e18 - closing.to_funds_e18
        ledger = {
            Party.ACCOUNTS: closed.accounts_e18 + moved.accounts_e18,
            Party.ABSORBERS: closed.funds_e18 + moved.funds_e18 + closing.to_absorbers_e18,
            Party.LIQUIDATORS: closing.to_liquidators_e18 + trade,
            Party.MARKET: closing.to_market_e18 - moved.accounts_e18 - moved.funds_e18 - trade,
            Party.ROUNDING: closing.to_rounding_e18 - rounding,
        }
        self.rounds.append(
            Round(
                closing.round,
                step,
                tuple(closing.closed),
                flow,
                prices,
                self._prices(),
                ledger,
                sum(closing.charged_venues.values()),
                closing.allowed_rounding_e18,
            )
        )

    def _record_sale(self, round_: int, node: str, sold: tuple[int, str, int]) -> None:
        """One sale, by the account that it was forced from."""
        number, asset, amount = sold
        venue = self.venues[number]
        if asset not in venue.fixed and amount:
            value = venue.value_e18(asset, amount, self.tape.start[number][asset])
            self.transmission.record_sale(round_, venue.factors[asset], node, value)

    def _haircut(self, closing: Closing) -> None:
        """Losses that a venue's claim holders bear lower what its receipt tokens are worth."""
        for (number, asset), shares in closing.socialised.items():
            key = (self.venues[number].name, asset)
            self.borne[key] = self.borne.get(key, 0) + sum(shares.values())
            for receipt in self.venues[number].simulation.receipts():
                if receipt.backed_by != asset or receipt.supply_e18 <= 0:
                    continue
                part = Fraction(sum(shares.values()), receipt.supply_e18)
                old = self.tape.recovery.get(receipt.token, ONE)
                self.tape.recovery[receipt.token] = old * max(1 - part, Fraction(0))
                issuer = self.issuers[receipt.token] = self.venues[number].name
                self.transmission.record_haircut(closing.round, issuer, receipt.token, shares)

    def _book_charges(self, closing: Closing) -> None:
        """Adds the round's bad debt to what absorbers and failures carry."""
        self.transmission.edges.extend(closing.edges)
        for node, amount in closing.charged.items():
            self.absorbed[node] = self.absorbed.get(node, 0) + amount
        for venue, amount in closing.charged_venues.items():
            self.charged[venue] += amount
        for node, amount in closing.short.items():
            self.failures[node].deficit_e18 += amount
        if closing.transfers:
            self.rows = [venue.simulation.backstops() for venue in self.venues]

    def _tighten(self, before: Mapping[str, Fraction]) -> None:
        """Requirements follow volatility, where the scenario says so."""
        factor = self.spiral.after(before, self._prices())
        if factor is not None:
            for venue in self.venues:
                venue.simulation.scale_requirements(factor)

    def _move_prices(self, channel: Channel) -> Change:
        """Hands the tape's prices to the protocols and measures what that did."""
        start, before = self.protocol, self.equities
        stages = self._exogenous() if channel is Channel.EXOGENOUS else self._endogenous()
        causes, at = [], start
        for cause, then in stages:
            moved: Changes = [
                {asset: price for asset, price in new.items() if old[asset] != price}
                for old, new in zip(at, then, strict=True)
            ]
            if any(moved):
                causes.append(replace(cause, prices=moved))
            at = [old | new for old, new in zip(at, moved, strict=True)]
        self.impact, self.recovery = dict(self.tape.impact), dict(self.tape.recovery)
        if causes:
            self.protocol = at
            for venue, old, new in zip(self.venues, start, at, strict=True):
                changed = {asset: price for asset, price in new.items() if old[asset] != price}
                if changed:
                    venue.simulation.set_prices(changed)
            self.equities = measure(self.venues)
            move = Move(self.number, start, tuple(causes), before, self.equities)
            self.transmission.moves.append(move)
        return change(self.venues, before, self.equities)

    def _exogenous(self) -> list[tuple[Cause, Changes]]:
        """The shock, factor by factor: each with the prices that it leads to."""
        target = self.tape.protocol_e18()
        return [
            (
                Cause(Channel.EXOGENOUS, factor, []),
                [
                    {asset: price for asset, price in new.items() if venue.factors[asset] == factor}
                    for venue, new in zip(self.venues, target, strict=True)
                ],
            )
            for factor in self.tape.factors()
        ]

    def _endogenous(self) -> list[tuple[Cause, Changes]]:
        """Sales and losses since the last move: factor by factor, then token by token."""
        impact, recovery = dict(self.impact), dict(self.recovery)
        out = []
        for factor, ratio in sorted(self.tape.impact.items()):
            impact[factor] = ratio
            prices = self.tape.protocol_e18(impact, recovery)
            out.append((Cause(Channel.PRICE, factor, []), prices))
        for token, worth in sorted(self.tape.recovery.items()):
            recovery[token] = worth
            cause = Cause(Channel.RECEIPT, token, [], self.issuers[token])
            out.append((cause, self.tape.protocol_e18(impact, recovery)))
        return out

    def _settle_the_rest(self) -> None:
        """Negative equity in the end: holes that nobody has been charged with."""
        for number, venue in enumerate(self.venues):
            for account, equity in self.equities[number].items():
                if equity is None or equity >= 0 or account in venue.funds:
                    continue
                self._fail(number, account, None)
                node = account_node(venue.name, account)
                self.failures[node].deficit_e18 -= equity
                absorber = unsettled_node(venue.name)
                self.absorbed[absorber] = self.absorbed.get(absorber, 0) - equity
                self.transmission.edges.append(
                    Edge(self.number + 1, node, Channel.DEFICIT, "", absorber, -equity)
                )


def _closed(found: _Open) -> Failure:
    """A failure, finished."""
    return Failure(
        venue=found.venue.name,
        account_id=found.account_id,
        owner=found.venue.owner(found.account_id),
        round=found.round,
        before_e18=found.before_e18,
        loss_e18=found.loss_e18,
        deficit_e18=found.deficit_e18,
        closed_e18=found.closed_e18,
    )
