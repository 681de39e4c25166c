"""What a cascade comes to, where nobody asks why: the same course, and a fraction of the work.

Losses are not traced to their causes, rounds are not written down and nobody's equity is measured
between them. Whom liquidators visit, what they close, what they trade and where prices go is that
of `run_cascade`, to the wei.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.contagion.cascade.measure import tallies
from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.result import total_bad_debt_e18
from analyzer.contagion.cascade.run import check_names, play_step, shock, untraced
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.cascade.withdrawals import withdraw_all
from analyzer.contagion.scenario import Scenario
from analyzer.market.depth import ImpactCurve
from analyzer.market.depth.route import Market


@dataclass(frozen=True, slots=True)
class CascadeOutcome:
    """The fields are those of `CascadeResult`; 18 decimals."""

    total_bad_debt_e18: int
    total_bad_debt_market_e18: int
    closed_accounts: int
    quiet: bool


def cascade_outcome(
    venues: Sequence[Venue],
    scenario: Scenario,
    depth: Market | Mapping[str, ImpactCurve],
    options: CascadeOptions | None = None,
) -> CascadeOutcome:
    """Runs a scenario over the venues' simulations (which it changes) until nothing more happens.

    depth: as for `run_cascade`. Raises: ValueError when two venues have one name.
    """
    check_names(venues)
    options = options or CascadeOptions()
    if scenario.withdraw:
        withdraw_all(venues)
    state = untraced(venues, scenario, depth)
    quiet = True
    for index, step in enumerate(scenario.steps):
        shock(state, index, step)
        quiet = play_step(state, scenario, index, options)
    after = tallies(venues, state.prices.unheard_e18())
    charged = state.ledger.charged_e18
    return CascadeOutcome(
        total_bad_debt_e18=total_bad_debt_e18(charged, after),
        total_bad_debt_market_e18=total_bad_debt_e18(charged, after, market=True),
        closed_accounts=len(state.ledger.failures),
        quiet=quiet,
    )
