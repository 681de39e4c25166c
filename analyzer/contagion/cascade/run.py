"""The cascade: from a shock through liquidations, sales and losses to where nothing more happens.

    shock ─▶ revalue ─▶ who breaches ─▶ the protocol closes ─▶ sales move prices ─▶ waterfall
                ▲                                                                      │
                └────────── prices, receipt tokens, requirements ◀─────────────────────┘

One step, one module: `withdrawals`, `revalue` (prices, shocks), `order` (who is visited), `visit`,
`closing` and `settle`, `spiral`; what they hand on is `state`.

Every valuation, closure and loss is the protocol's own (`Simulation`), in integers. Closures are
irreversible and impact depends on cumulative sales. The result depends on the order in which
accounts are visited where somebody is short or a loss is shared: `batch` closes all who breach at
one round's prices, `sequential` lets prices move after each account (see docs/contagion.md).
Source: risk-models section 3 (algorithm), section 4 (attribution).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import process_time

from analyzer.contagion.cascade.closing import Closing, Register
from analyzer.contagion.cascade.in_vain import in_vain_of
from analyzer.contagion.cascade.measure import measure, tallies
from analyzer.contagion.cascade.order import CascadeOptions, Visit, choose_visits, defaulters
from analyzer.contagion.cascade.pairs import used_pairs
from analyzer.contagion.cascade.prices import MarketPrices
from analyzer.contagion.cascade.result import CascadeResult, Party, Round, Tally
from analyzer.contagion.cascade.revalue import endogenous, exogenous, revalue
from analyzer.contagion.cascade.settle import parties_e18, settle
from analyzer.contagion.cascade.spiral import Spiral
from analyzer.contagion.cascade.state import Ledger, State
from analyzer.contagion.cascade.transmission import Equities, Transmission
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.cascade.visit import visit, wind_up
from analyzer.contagion.cascade.withdrawals import withdraw_all
from analyzer.contagion.scenario import Scenario, Step, Willingness, unmapped
from analyzer.market.depth import ImpactCurve
from analyzer.market.depth.route import Market


def run_cascade(
    venues: Sequence[Venue],
    scenario: Scenario,
    depth: Market | Mapping[str, ImpactCurve],
    options: CascadeOptions | None = None,
) -> CascadeResult:
    """Runs a scenario over the venues' simulations (which it changes) until nothing more happens.

    depth: what forced trades meet; curves alone (factor -> against the unit of account) are a
    market where nothing else moves. Raises: ValueError when two venues have one name, and when one
    of a scenario of several steps cannot begin again.
    """
    check_names(venues)
    options = options or CascadeOptions()
    withdrawn = withdraw_all(venues) if scenario.withdraw else {}
    state = opened(venues, scenario, depth)
    before, shocked = tallies(venues), _untouched(venues, scenario, depth)
    quiet = True
    for index, step in enumerate(scenario.steps):
        shock(state, index, step)
        if shocked is None:
            shocked = tallies(venues, state.prices.unheard_e18())
        quiet = play_step(state, scenario, index, options)
    state.register_holes()
    assert shocked is not None  # a scenario has a step
    return _result(state, scenario, options, withdrawn, (before, shocked), quiet=quiet)


def check_names(venues: Sequence[Venue]) -> None:
    """Raises: ValueError when two venues have one name."""
    if len({venue.name for venue in venues}) != len(venues):
        raise ValueError("two venues of a cascade have the same name")


def _untouched(
    venues: Sequence[Venue], scenario: Scenario, depth: Market | Mapping[str, ImpactCurve]
) -> Mapping[str, Tally] | None:
    """How the venues stand at the prices of the last of several steps when nobody reacted to those
    before; None for a scenario of one step, whose own state is this."""
    if len(scenario.steps) == 1:
        return None
    again = [venue.afresh() for venue in venues]
    if scenario.withdraw:
        withdraw_all(again)
    state = opened(again, scenario, depth)
    shock(state, 0, scenario.steps[-1])
    return tallies(again, state.prices.unheard_e18())


def opened(
    venues: Sequence[Venue], scenario: Scenario, depth: Market | Mapping[str, ImpactCurve]
) -> State:
    """The state before the shock. depth: as for `run_cascade`."""
    market = depth if isinstance(depth, Market) else Market(depth, assumed=False)
    return at_the_block(venues, scenario, market, measure(venues))


def untraced(
    venues: Sequence[Venue], scenario: Scenario, depth: Market | Mapping[str, ImpactCurve]
) -> State:
    """The same for a cascade of which nobody asks why: nothing is measured and nothing written
    down, and everything that happens is the same."""
    market = depth if isinstance(depth, Market) else Market(depth, assumed=False)
    state = at_the_block(venues, scenario, market)
    state.ledger.traced = False
    state.take_backstops()
    return state


def at_the_block(
    venues: Sequence[Venue], scenario: Scenario, market: Market, equities: Equities | None = None
) -> State:
    """The same where the venues have been measured. equities: None = nobody's is asked for, and no
    waterfall, which is enough to ask what a closure would pay."""
    prices, measured = MarketPrices(venues, scenario, market), equities is not None
    equities = equities or [{} for _ in venues]
    return State(
        venues=venues,
        prices=prices,
        protocol_e18=[dict(start) for start in prices.start],
        equities=equities,
        backstops=[venue.simulation.backstops() if measured else () for venue in venues],
        ledger=Ledger(equities, Transmission(venues), {venue.name: 0 for venue in venues}),
        spiral=Spiral(scenario.margin_spiral),
        members=[frozenset(venue.simulation.account_ids()) for venue in venues],
    )


def shock(state: State, index: int, step: Step) -> None:
    """One step of the scenario: prices jump before anybody reacts."""
    if index:
        state.number += 1
    before = state.market()
    state.prices.apply(step)
    moved = revalue(state, exogenous)
    state.spiral.tighten(state.venues, before, state.market())
    state.ledger.played += 1
    if not state.ledger.traced:
        return
    parties = dict.fromkeys(Party, 0)
    parties[Party.ACCOUNTS] = moved.accounts_e18
    parties[Party.ABSORBERS] = moved.funds_e18
    parties[Party.MARKET] = -moved.accounts_e18 - moved.funds_e18
    now = state.market()
    state.ledger.rounds.append(Round(state.number, index, (), {}, before, now, parties, 0, 0))


def play_step(state: State, scenario: Scenario, index: int, options: CascadeOptions) -> bool:
    """Rounds until nothing more happens in a step of the scenario; whether it came to rest. Who
    defaults by the scenario's word is wound up in its first round."""
    step, venues = scenario.steps[index], state.venues
    defaulted = _defaulters(state, scenario) if index == 0 else []
    done = 0
    while step.rounds_limit is None or done < step.rounds_limit:
        if state.ledger.played >= options.max_rounds:
            return False
        begun = process_time()
        visits = defaulted or choose_visits(venues, step, options)
        state.work.choosing_s += process_time() - begun
        if not visits or not play_round(state, index, visits, options, unwind=bool(defaulted)):
            return True
        defaulted = []
        done += 1
    return not choose_visits(venues, step, options)


def _defaulters(state: State, scenario: Scenario) -> list[Visit]:
    """Who defaults by the scenario's word, at the prices of now."""
    equities = state.equities
    if scenario.default_owners and not state.ledger.traced:
        equities = measure(state.venues)
    return defaulters(state.venues, scenario, equities)


def play_round(
    state: State, index: int, visits: Sequence[Visit], options: CascadeOptions, *, unwind: bool
) -> bool:
    """One round of closures and what follows from them; False when nobody could be closed after
    all. unwind: those who are visited have defaulted."""
    closing = Closing(state.number + 1)
    registers = [
        Register(number, venue, rows, members)
        for number, (venue, rows, members) in enumerate(
            zip(state.venues, state.backstops, state.members, strict=True)
        )
    ]
    vain = [] if unwind else in_vain_of(state)
    for number, account in visits:
        if vain and vain[number].out(account):
            continue
        begun, closed = process_time(), len(closing.closed)
        if unwind:
            wind_up(state, closing, registers[number], account)
        else:
            visit(state, closing, registers[number], account)
        in_vain = len(closing.closed) == closed
        state.work.spent(process_time() - begun, in_vain=in_vain)
        if in_vain and vain:
            vain[number].failed()
        if closing.closed and options.sequential and not unwind:
            break
    if not closing.closed:
        return False
    state.work.rounds += 1
    state.work.visits += len({(closed.venue, closed.account_id) for closed in closing.closed})
    state.number = closing.round
    _finish(state, index, closing)
    return True


def _finish(state: State, index: int, closing: Closing) -> None:
    """Settles a round's closures, lets the protocols' prices follow, and writes the round down."""
    before = state.market()
    closed = settle(state, closing)
    moved = revalue(state, endogenous)
    state.spiral.tighten(state.venues, before, state.market())
    state.ledger.played += 1
    if not state.ledger.traced:
        return
    state.ledger.rounds.append(
        Round(
            number=closing.round,
            step=index,
            closed=tuple(closing.closed),
            sold_e18=dict(closing.flow_e18),
            price_before=before,
            price_after=state.market(),
            ledger=parties_e18(closing, closed, moved),
            bad_debt_e18=sum(closing.charged_venues.values()),
            allowed_rounding_e18=closing.allowed_rounding_e18,
        )
    )


def _unprofitable(state: State, options: CascadeOptions) -> dict[str, tuple[str, ...]]:
    """venue -> accounts that breach when nothing more happens: nobody gains by closing them. None
    where liquidators would do it at any loss, or nobody of them works in the last step."""
    scenario = state.prices.scenario
    if scenario.liquidators.mode is Willingness.AT_ANY_LOSS:
        return {}
    last = scenario.steps[-1]
    left = choose_visits(state.venues, last, options)
    return {
        venue.name: tuple(account for number, account in left if venue is state.venues[number])
        for venue in state.venues
    }


def _result(
    state: State,
    scenario: Scenario,
    options: CascadeOptions,
    withdrawn_e18: Mapping[str, int],
    tallied: tuple[Mapping[str, Tally], Mapping[str, Tally]],
    *,
    quiet: bool,
) -> CascadeResult:
    """What the cascade leaves behind. tallied: at the block, and at the last step's prices."""
    ledger, prices = state.ledger, state.prices
    factors = prices.factors()
    return CascadeResult(
        scenario=scenario.name,
        order=options.name,
        before=tallied[0],
        shocked=tallied[1],
        after=tallies(state.venues, prices.unheard_e18()),
        rounds=tuple(ledger.rounds),
        failures={node: found.finished() for node, found in ledger.failures.items()},
        absorbed=ledger.absorbed_e18,
        edges=tuple(ledger.transmission.finish()),
        bad_debt_e18=ledger.charged_e18,
        shock=dict(prices.shock),
        unmapped=tuple(unmapped(scenario, set(factors) - prices.impaired_factors())),
        pairs=used_pairs(prices.pairs),
        left_e18=prices.pairs.left_e18,
        quiet=quiet,
        withdrawn_e18=withdrawn_e18,
        sales=ledger.transmission.made_by,
        exhausted=prices.exhausted(),
        forced=dict(prices.forced),
        unprofitable=_unprofitable(state, options) if quiet else {},
        borne_e18=ledger.borne_e18,
        cuts=tuple(ledger.cuts),
        work=state.work,
    )
