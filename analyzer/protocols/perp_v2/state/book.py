"""Ledger and reads together: the state that margin reads, and the book around it."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, Book, LegKind, make_book
from analyzer.model.deployment import Deployment
from analyzer.protocols.kit.factors import factor_of
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.logs.fold.ledger import AccountLedger, PerpLedger, Settlements
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.compare import fee_problem, merge_account, merge_market
from analyzer.protocols.perp_v2.state.evidence import Evidence
from analyzer.protocols.perp_v2.state.observe import PerpObservation
from analyzer.protocols.perp_v2.state.ranges import amounts_in_ranges, total_size
from analyzer.protocols.perp_v2.state.state import PerpState

MARKET_DECIMALS = 18


def _factor(deployment: Deployment, asset_id: str, symbol: str) -> str:
    """The deployment file's factor by asset id or symbol, else the default."""
    return factor_of(deployment.factors, asset_id, symbol)


def book(
    deployment: Deployment, block: BlockRef, ledger: PerpLedger, observation: PerpObservation
) -> Book:
    """Every account's state, in order of first appearance in the logs; the insurance fund last
    where no log names it.

    Legs: every token balance (the settlement token always), and the total position size in each
    registered market, maker ranges at the pool's present price included.
    """
    state = rebuild_state(deployment, block, ledger, observation)
    assets = _assets(deployment, state)
    if state.evidence is not None:
        state.evidence.factors = {asset.asset_id: asset.factor for asset in assets}
    index = {asset.asset_id: number for number, asset in enumerate(assets)}
    legs = (
        [(index[asset_id], amount) for asset_id, amount in _legs(state, account)]
        for account in state.accounts.values()
    )
    return make_book(list(state.accounts), assets, legs, state)


def _legs(state: PerpState, account: Account) -> list[tuple[str, int]]:
    """(asset id, amount) of one account."""
    sizes = []
    for base, held in account.markets.items():
        in_ranges, _ = amounts_in_ranges(held, state.markets[base].sqrt_price_x96)
        sizes.append((base, total_size(held, in_ranges)))
    return [*account.balances.items(), *sizes]


def _assets(deployment: Deployment, state: PerpState) -> list[Asset]:
    """The settlement token, the other tokens, the markets, in the order they were added."""
    tokens = [(state.settlement_token, state.settlement_symbol, state.settlement_decimals)]
    tokens += [(t.token, t.symbol, t.decimals) for t in state.collateral.values()]
    assets = [
        Asset(token, symbol, LegKind.COLLATERAL, decimals, _factor(deployment, token, symbol))
        for token, symbol, decimals in tokens
    ]
    return assets + [
        Asset(
            base,
            market.symbol,
            LegKind.POSITION,
            MARKET_DECIMALS,
            _factor(deployment, base, market.symbol),
        )
        for base, market in state.markets.items()
    ]


def rebuild_state(
    deployment: Deployment, block: BlockRef, ledger: PerpLedger, observation: PerpObservation
) -> PerpState:
    """The protocol at the block. Accounts of which something needed was not read are listed in
    `unreadable` with the reason."""
    schedule, fund = observation.schedule, deployment.contracts["insurance_fund"]
    evidence = Evidence(
        ledger,
        implementations=observation.implementations,
        quote_in_pools=schedule.quote_in_pools,
        whitelisted_debt=schedule.whitelisted_debt,
    )
    state = PerpState(
        block_number=block.number,
        block_time=block.time,
        contracts=dict(deployment.contracts),
        settlement_token=schedule.settlement_token,
        settlement_symbol=schedule.settlement_symbol,
        settlement_decimals=schedule.settlement_decimals,
        insurance_fund=fund,
        config=schedule.config,
        markets={
            base: merge_market(evidence, ledger.markets[base], reading)
            for base, reading in observation.markets.items()
        },
        collateral=schedule.collateral,
        accounts={},
        vault_settlement_balance=schedule.vault_settlement_balance,
        insurance_fund_wallet=schedule.insurance_fund_wallet,
        vault_paused=schedule.vault_paused,
        clearing_house_paused=schedule.clearing_house_paused,
        evidence=evidence,
    )
    settlements = {base: Settlements(m.growth_history) for base, m in ledger.markets.items()}
    for address, entry in ledger.with_fund(fund).items():
        _add_account(state, evidence, entry, observation, settlements)
        problem = schedule.config_problem or _market_problem(state.accounts[address], observation)
        if problem is not None:
            state.unreadable.setdefault(address, problem)
    return state


def _add_account(
    state: PerpState,
    evidence: Evidence,
    entry: AccountLedger,
    observation: PerpObservation,
    settlements: Mapping[str, Settlements],
) -> None:
    """One account into the state, with the reason where it is not known."""
    address = entry.account.address
    account, problem = merge_account(
        evidence,
        entry,
        observation.accounts[address],
        settlement_token=state.settlement_token,
        decimals=state.settlement_decimals,
        settlements=settlements,
    )
    state.accounts[address] = account
    if problem is not None:
        state.unreadable[address] = problem


def _market_problem(account: Account, observation: PerpObservation) -> Unreadable | None:
    """Why one of the account's markets cannot be valued."""
    readings: Mapping[str, object] = observation.markets
    for base, record in account.markets.items():
        if base not in readings:
            return Unreadable(f"market {base}", "was not read")
        reading = observation.markets[base]
        problem = reading.problem or fee_problem(reading, record)
        if problem is not None:
            return problem
    return None
