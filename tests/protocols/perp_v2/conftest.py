"""A small Perp V2 that fits in the head: prices of 1, one token, one market that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from analyzer.protocols.perp_v2.records import Account, AccountMarket, Config
from analyzer.protocols.perp_v2.state.state import CollateralState, MarketState, PerpState

if TYPE_CHECKING:
    from past import Past

    from analyzer.devnet.up import DevnetInfo

E18 = 10**18
NOW = 2_000_000
BASE = "0x" + "b" * 40
USDC = "0x" + "c" * 40
WETH = "0x" + "e" * 40
FUND = "0x" + "f" * 40
CONTRACTS = {
    role: f"0x{number:040x}"
    for number, role in enumerate(
        (
            "clearing_house",
            "account_balance",
            "vault",
            "insurance_fund",
            "exchange",
            "order_book",
            "collateral_manager",
        ),
        start=1,
    )
}


def still_market(base_token: str = BASE, symbol: str = "vETH") -> MarketState:
    """An open market at price 1 for ever, settled now: no premium, no pending funding."""
    return MarketState(
        base_token=base_token,
        symbol=symbol,
        pool="0x" + "a" * 40,
        sqrt_price_x96=2**96,
        tick=0,
        last_settled_timestamp=NOW,
        first_traded_timestamp=NOW - 100_000,
        tick_cumulatives={0: 0, 15: 0, 900: 0, 1800: 0},
        index_price_e18={0: E18, 900: E18},
    )


def weth(price: int = 2_000 * 10**8) -> CollateralState:
    """An 18-decimal token at 2,000 in an 8-decimal feed, counted at 70 %, sold 10 % off."""
    return CollateralState(
        token=WETH,
        symbol="WETH",
        decimals=18,
        feed_decimals=8,
        price=price,
        collateral_ratio=700_000,
        discount_ratio=100_000,
        deposit_cap=10**24,
    )


@pytest.fixture
def make_state() -> Callable[..., PerpState]:
    """Makes a state of the given accounts; the fund has 1,000 in its wallet."""

    def make(*accounts: Account) -> PerpState:
        return PerpState(
            block_number=1,
            block_time=NOW,
            contracts=dict(CONTRACTS),
            settlement_token=USDC,
            settlement_symbol="USDC",
            settlement_decimals=6,
            insurance_fund=FUND,
            config=Config(
                collateral_mm_ratio_buffer=2_000,
                debt_non_settlement_token_value_ratio=750_000,
                collateral_liquidation_ratio=500_000,
                cl_insurance_fund_fee_ratio=30_000,
                debt_threshold=10_000 * 10**6,
                collateral_value_dust=500 * 10**6,
            ),
            markets={BASE: still_market()},
            collateral={WETH: weth()},
            accounts={account.address: account for account in accounts},
            vault_settlement_balance=50_000 * 10**6,
            insurance_fund_wallet=1_000 * 10**6,
        )

    return make


@pytest.fixture
def make_account() -> Callable[..., Account]:
    """Makes an account: usdc and weth in raw units, (size, notional) per market in 18 decimals."""

    def make(
        usdc: int = 0,
        weth: int = 0,
        owed: int = 0,
        number: int = 1,
        **positions: tuple[int, int],
    ) -> Account:
        balances = {USDC: usdc} | ({WETH: weth} if weth else {})
        markets = {
            {"eth": BASE}.get(name, name): AccountMarket(size, notional)
            for name, (size, notional) in positions.items()
        }
        address = f"0x{number:040x}"
        return Account(address, balances, owed, markets)

    return make


@pytest.fixture(scope="session")
def past(perp_devnet: DevnetInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The past of the local chain, indexed once for all tests of this folder."""
    from past import past_of

    with past_of(perp_devnet, tmp_path_factory.mktemp("past")) as found:
        yield found
