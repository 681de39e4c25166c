"""A small Aave V3 market that fits in the head: round prices, indexes of 1, a few people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes
from analyzer.protocols.aave_v3.revisions import rules_of
from analyzer.protocols.aave_v3.state.state import AaveState, Category, PriceFact, ReserveState
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.words import ReserveConfig
from analyzer.protocols.kit.unreadable import Unreadable

USD = 10**8
E18 = 10**18
NOW = 1_700_000_000
CONTRACTS = {
    role: f"0x{number:040x}"
    for number, role in enumerate(("pool_addresses_provider", "pool", "oracle"), start=1)
}
ALICE = "0x" + "a" * 40
BOB = "0x" + "b" * 40
TREASURY = "0x" + "7" * 40


def asset_of(symbol: str) -> str:
    """The address of a test token: its symbol in hex."""
    return "0x" + symbol.encode().hex().rjust(40, "0")


def config(**changes: int | bool) -> ReserveConfig:
    """A reserve's configuration: LTV 80 %, threshold 85 %, bonus 5 %, 18 decimals, active."""
    values: dict[str, int | bool] = {
        "ltv_bps": 8_000,
        "threshold_bps": 8_500,
        "bonus_bps": 10_500,
        "decimals": 18,
        "active": True,
        "frozen": False,
        "borrowing": True,
        "stable_borrowing": False,
        "paused": False,
        "borrowable_in_isolation": False,
        "siloed": False,
        "flash_loans": True,
        "reserve_factor_bps": 1_000,
        "borrow_cap": 0,
        "supply_cap": 0,
        "protocol_fee_bps": 0,
        "emode_category": 0,
        "unbacked_cap": 0,
        "debt_ceiling": 0,
        "virtual_accounting": True,
    }
    return ReserveConfig(**{**values, **changes})  # type: ignore[arg-type]


def reserve(
    number: int,
    symbol: str,
    price: int | Unreadable = USD,
    *,
    income_ray: int = RAY,
    debt_ray: int = RAY,
    grace_until: int = 0,
    virtual_balance: int | None = None,
    **settings: int | bool,
) -> ReserveState:
    """One reserve; `settings` change its configuration."""
    asset = asset_of(symbol)
    return ReserveState(
        asset=asset,
        id=number,
        symbol=symbol,
        config=config(**settings),
        config_word=0,
        indexes=ReserveIndexes(income_ray, debt_ray, 0, 0, NOW),
        income_ray=income_ray,
        debt_ray=debt_ray,
        a_token=asset_of("a" + symbol),
        stable_token=asset_of("s" + symbol),
        variable_token=asset_of("v" + symbol),
        accrued_to_treasury=0,
        unbacked=0,
        isolation_debt=0,
        price=PriceFact(price, asset_of("feed" + symbol)),
        factor=symbol,
        grace_until=grace_until,
        treasury=TREASURY,
        virtual_balance=virtual_balance,
    )


def account(
    address: str = ALICE,
    *,
    supplied: Mapping[str, int] | None = None,
    borrowed: Mapping[str, int] | None = None,
    collateral: Iterable[int] = (0,),
    emode: int = 0,
) -> Account:
    """One account; amounts are scaled balances by symbol, `collateral` the ids with the flag."""
    return Account(
        address,
        emode=emode,
        collateral_bits=sum(1 << number for number in collateral),
        supplied={asset_of(symbol): amount for symbol, amount in (supplied or {}).items()},
        borrowed={asset_of(symbol): amount for symbol, amount in (borrowed or {}).items()},
        first_block=1,
        last_block=2,
        events=3,
    )


def market(
    revision: int,
    reserves: Sequence[ReserveState],
    accounts: Sequence[Account],
    categories: Sequence[Category] = (),
    *,
    sentinel_allows: bool | Unreadable = True,
) -> AaveState:
    """A market of one revision at NOW."""
    return AaveState(
        block_number=100,
        block_time=NOW,
        contracts=CONTRACTS,
        rules=rules_of(revision),
        base_unit=USD,
        reserves={r.asset: r for r in reserves},
        categories={c.number: c for c in categories},
        accounts={a.address: a for a in accounts},
        sentinel="0x" + "5" * 40 if sentinel_allows is not True else "",
        sentinel_allows=sentinel_allows,
    )


def data_of(state: AaveState, address: str = ALICE) -> AccountData:
    """The account's numbers at the market's own prices."""
    data = Valuation(state, reference_prices(state)).account_data(address)
    assert isinstance(data, AccountData), data
    return data
