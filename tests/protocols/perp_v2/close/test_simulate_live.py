"""Whole cascades on the real contracts: who is liquidated, what is executed, what is left.

Feeds are set to a shock, an outsider swaps the pools there, every average converges; the engine
is given exactly the prices that the contracts then show, and bots liquidate at that block time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from past import Past
from perp_outcomes import outcome, prediction
from perp_stage import Stage, Visitor, stage

from analyzer.devnet.perp_v2.actions import whole
from analyzer.devnet.world import View
from analyzer.model.book import Book
from analyzer.model.closure import Executed
from analyzer.protocols.perp_v2.close.liquidate import position_closures
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.protocols.perp_v2.growth import snapshots
from analyzer.protocols.perp_v2.plug import PerpV2
from analyzer.protocols.perp_v2.state.state import PerpState, state_of
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import collateral_requirement, maintenance_margin
from analyzer.protocols.perp_v2.value.settlement import without_open_orders

pytestmark = [pytest.mark.chain, pytest.mark.long]

ACCOUNTS = 150
UNIT = 10**12
"""One unit of the settlement token, in 18 decimals."""
SHOCKS: Mapping[str, Mapping[str, float]] = {
    "down": {"ETH": 0.72, "BTC": 0.75, "OP": 0.66, "LINK": 0.7},
    "up": {"ETH": 1.45, "BTC": 1.4, "OP": 1.6, "LINK": 1.5},
}
ORDER_SEEDS = (1, 2)


@pytest.fixture(scope="module")
def market(seed: int) -> Iterator[Stage]:
    with stage(seed, ACCOUNTS) as found:
        yield found


def simulated(book: Book) -> PerpSimulation:
    """The engine at exactly the prices that the contracts show at the book's block."""
    plug = PerpV2()
    prices = plug.prices(book)
    found = plug.simulate(plug.value(book, prices))
    assert isinstance(found, PerpSimulation)
    pools = {base: m.sqrt_price_x96 for base, m in found.state.markets.items()}
    found.set_prices(found.prices_e18())
    assert {base: m.sqrt_price_x96 for base, m in found.state.markets.items()} == pools
    return found


def visited(sim: PerpSimulation, order: Sequence[str]) -> list[Executed]:
    """What the engine says of bots that visit everybody in this order until nothing more goes."""
    done: list[Executed] = []
    while True:
        count = len(done)
        for trader in order:
            done += sim.liquidate(trader)
        if len(done) == count:
            return done


def stored(state: PerpState, but: set[str]) -> dict[str, object]:
    """Every number that the contracts store of the accounts, and what the Vault holds."""
    accounts = {
        address: (
            {token: amount for token, amount in account.balances.items() if amount},
            account.owed_realized_pnl,
            {
                base: (
                    held.taker_position_size,
                    held.taker_open_notional,
                    held.last_tw_premium_growth_global_x96,
                    sorted((ticks, snapshots(order)) for ticks, order in held.orders.items()),
                )
                for base, held in account.markets.items()
            },
        )
        for address, account in state.accounts.items()
        if address not in but
    }
    vault = {token: info.vault_token_balance for token, info in state.collateral.items()}
    return accounts | {"vault": vault | {"settlement": state.vault_settlement_balance}}


def wrong_steps(
    past: Past, visitor: Visitor, predicted: Sequence[Executed], state: PerpState
) -> list[object]:
    """The steps that came out otherwise than predicted, in the bots' order."""
    steps = [(row.trader, row.kind, row.asset) for row in visitor.done]
    said = [(e.closure.account_id, e.closure.kind, e.closure.asset_id) for e in predicted]
    if steps != said:
        first = next(i for i, pair in enumerate(zip(steps, said, strict=False)) if len({*pair}) > 1)
        return [("sequence", len(steps), len(said), first, steps[first], said[first])]
    wrong: list[object] = []
    for row, executed in zip(visitor.done, predicted, strict=True):
        expected, found = prediction(executed.closure, state), outcome(past, row, state)
        if expected != found:
            names = [name for name in expected if expected[name] != found[name]]
            wrong.append((row, {name: (expected[name], found[name]) for name in names}))
    return wrong


def bad_debt(done: Sequence[Executed]) -> int:
    return sum(t.amount_e18 for e in done for t in e.closure.transfers if t.bad_debt)


@dataclass(frozen=True)
class Shocked:
    """The market after a shock, all averages converged; the book before it and at it."""

    name: str
    stage: Stage
    before: Book
    book: Book

    def order(self, seed: int) -> list[str]:
        """The accounts of the sample, shuffled."""
        order = [a for a in self.book.account_ids if a not in self.stage.strangers]
        random.Random(seed).shuffle(order)
        return order


@pytest.fixture(scope="module", params=list(SHOCKS))
def shocked(
    market: Stage, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shocked]:
    """Each shock once, for all orders."""
    with market.undone():
        calm = market.block()
        market.move(SHOCKS[request.param])
        with market.past(tmp_path_factory.mktemp("shock") / "past") as past:
            found = Shocked(request.param, market, past.book(calm), past.book(market.block()))
        yield found


@pytest.mark.parametrize("order_seed", ORDER_SEEDS)
def test_bots_liquidate_whom_the_engine_says_in_their_order_and_to_the_wei(
    shocked: Shocked, order_seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market, order = shocked.stage, shocked.order(order_seed)
    sim = simulated(shocked.book)
    breaching = sim.breaching()
    done = visited(sim, order)
    visitor = Visitor(market)
    with market.undone():
        visitor.visit_all(order)
        with market.past(tmp_path / "visited") as past:
            assert wrong_steps(past, visitor, done, state_of(shocked.book)) == []
            after = state_of(past.book(market.block()))
    assert stored(sim.state, market.strangers) == stored(after, market.strangers)
    assert sim.breaching() == []
    liquidated = {row.trader for row in visitor.done}
    kinds = Counter(executed.closure.kind for executed in done)
    with capsys.disabled():
        print(
            f"\nprice {shocked.name}, order {order_seed}: {len(breaching)} may be liquidated,"
            f" {len(liquidated)} are, in {len(done)} steps {dict(kinds)} as predicted;"
            f" bad debt {bad_debt(done) / 1e18:,.6f} to the wei; the fund refuses"
            f" {len(set(breaching) - liquidated)} of them in the end"
        )
    assert len(done) >= 10


def test_everybody_withdraws_what_the_engine_says_to_the_wei(
    market: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tokens first, then the settlement token, each as far as the Vault calls it free."""
    core, actions = market.play.perp.core, market.play.actions
    with market.past(tmp_path / "before") as past:
        book = past.book(market.block())
    sim = simulated(book)
    everybody = [
        a
        for a in book.account_ids
        if a not in market.strangers and a != core.insurance_fund.address
    ]
    tokens = [kind.token.address for kind in market.play.perp.collaterals]
    taken: list[tuple[str, str, int]] = []
    with market.undone():
        for trader in everybody:
            for token in (*tokens, market.play.perp.usdc.address):
                view = View(core.vault, "getFreeCollateralByToken", (trader, token))
                amount = whole(market.world.ask([view])[0])
                if amount:
                    taken.append((trader, token, amount))
                    market.play.execute_alone(actions.withdraw_all(trader, token))
        with market.past(tmp_path / "after") as past:
            after = state_of(past.book(market.block()))
    said = [
        (trader, transfer.asset_id) for trader in everybody for transfer in sim.withdraw(trader)
    ]
    assert said == [(trader, token) for trader, token, _ in taken]
    assert stored(sim.state, market.strangers) == stored(after, market.strangers)
    with capsys.disabled():
        print(f"\n{len(taken)} withdrawals of {len({t for t, _, _ in taken})} accounts as foreseen")
    assert len(taken) >= 100


def distances(numbers: AccountMath) -> list[int]:
    """How far the account is from each test that liquidates it (below 0: it fails), 18 decimals."""
    config = numbers.valuation.state.config
    out = [numbers.account_value - maintenance_margin(numbers)]
    if numbers.tokens:
        limit = numbers.token_margin_value * config.debt_non_settlement_token_value_ratio
        own = config.whitelisted_debt_threshold.get(numbers.account.address, 0)
        out += [
            numbers.account_value - collateral_requirement(numbers),
            limit // 10**6 + numbers.settlement_value,
            (own or config.debt_threshold) * UNIT + numbers.settlement_value,
        ]
    return out


def refused_by_the_fund(sim: PerpSimulation, address: str) -> bool:
    """Whether a position of the account cannot be taken over as the fund could not bear it."""
    freed = without_open_orders(sim.valuation(), sim.state.accounts[address])
    return "CH_IIC" in {c.reverts for c in position_closures(sim.valuation(), freed)}


def test_the_book_before_the_shock_foresees_them_up_to_funding_fees_and_the_pools_place(
    shocked: Shocked, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same prices as a scenario of the calm book. What the days between add is named: funding
    while prices converge, fees that the outsider's swaps pay to makers, and that a pool is where
    it was swapped to, not exactly at the mark. Nothing else differs, to the wei."""
    plug, now = PerpV2(), simulated(shocked.book)
    ahead = plug.simulate(plug.value(shocked.before, plug.prices(shocked.before)))
    assert isinstance(ahead, PerpSimulation)
    ahead.set_prices(now.prices_e18())
    foreseen, breaching = set(ahead.breaching()), set(now.breaching())
    fund = shocked.stage.play.perp.core.insurance_fund.address
    before = {
        address: AccountMath(ahead.valuation(), ahead.state.accounts[address])
        for address in shocked.order(0)
    }
    at_price = {a: (n.account_value, maintenance_margin(n)) for a, n in before.items()}
    for base, market in now.state.markets.items():
        ahead.set_pool(base, market.sqrt_price_x96)
    unnamed, causes = {}, {}
    for address, (value, requirement) in at_price.items():
        then = AccountMath(ahead.valuation(), ahead.state.accounts[address])
        found = AccountMath(now.valuation(), now.state.accounts[address])
        pool = then.account_value - value
        funding = then.pending_funding - found.pending_funding
        fees = found.pending_fee - then.pending_fee
        if address == fund:
            # Its part of the exchange fees is paid at once.
            fees += found.account.owed_realized_pnl - then.account.owed_realized_pnl
        unnamed[address] = (
            found.account_value - value - pool - funding - fees,
            maintenance_margin(found) - maintenance_margin(then),
        )
        causes[address] = (abs(pool) + abs(maintenance_margin(then) - requirement), funding, fees)
    assert set(unnamed.values()) == {(0, 0)}
    differ = (foreseen ^ breaching) - shocked.stage.strangers
    by_fund = {a for a in differ if refused_by_the_fund(now, a) != refused_by_the_fund(ahead, a)}
    for address in differ - by_fund:
        found = AccountMath(now.valuation(), now.state.accounts[address])
        nearest = min(abs(distance) for distance in distances(found))
        assert nearest <= sum(abs(cause) for cause in causes[address]) + UNIT
    largest = [max(abs(c[i]) for c in causes.values()) / 1e18 for i in range(3)]
    with capsys.disabled():
        print(
            f"\nprice {shocked.name}: {len(foreseen)} foreseen, {len(breaching)} found,"
            f" {len(differ)} differ, {len(by_fund)} of them as the fund earned fees;"
            f" largest causes: pool {largest[0]:,.4f}, funding {largest[1]:,.4f},"
            f" fees {largest[2]:,.4f}"
        )
    assert len(breaching) >= 10
