"""What each of the contract's views should answer of the protocol and its markets.

`truth` says which views are judges and which accounts they are asked about; here every question
is put together with its expectation. Accounts: `judges_account`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TypeAlias

from analyzer.abi.contract import ContractAbi, load_abi
from analyzer.protocols.base import Judge
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER
from analyzer.protocols.perp_v2.fixed_point import to_settlement
from analyzer.protocols.perp_v2.state.state import MarketState, PerpState
from analyzer.protocols.perp_v2.value.limits import (
    Reverts,
)
from analyzer.protocols.perp_v2.value.prices import contract_mark_price_e18, market_sqrt_twap_x96
from analyzer.protocols.perp_v2.value.settlement import fund_capacity, insurance_fund
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.windows import MARK_SHORT_WINDOW_S

Answer: TypeAlias = int | bool | str | Reverts | None
"""What a view should answer: a value, or that it reverts with these words; None = not compared."""

ROLES = {
    "Vault": "vault",
    "ClearingHouse": "clearing_house",
    "AccountBalance": "account_balance",
    "Exchange": "exchange",
    "OrderBook": "order_book",
    "InsuranceFund": "insurance_fund",
}
"""Contract -> its role in `PerpState.contracts`."""


@cache
def contract_abi(contract: str) -> ContractAbi:
    """The ABI of one of Perp V2's contracts, read once."""
    return load_abi(f"{ABI_FOLDER}/{contract}")


def always(
    answer: Answer | tuple[Answer, ...],
) -> Callable[[], Answer | tuple[Answer, ...]]:
    """An expectation that needs no computing."""
    return lambda: answer


class Bench:
    """Makes judges for one state: a view, its arguments and an expectation become a `Judge`."""

    def __init__(self, state: PerpState) -> None:
        self.state = state
        self.valuation = Valuation(state)

    def floored(self, value_e18: int) -> int:
        """18 decimals to the settlement token's, down."""
        return to_settlement(value_e18, self.state.settlement_decimals)

    def ask(
        self,
        call: str,
        arguments: Sequence[object],
        expected: Callable[[], Answer | tuple[Answer, ...]],
        *,
        account: str | None = None,
        market: str | None = None,
        labels: Sequence[str] = (),
        detail: str = "",
    ) -> Judge:
        """One question to `call` (`Vault.getBalance`).

        `expected` gives the answer, or a tuple of them with one of `labels` each. When a number
        cannot be had, the view must revert if a contract refused it, and nothing is expected if
        it was only not read. `detail` tells questions to the same view apart.
        """
        contract, _, view = call.partition(".")
        abi = contract_abi(contract)
        types = _flat(abi.functions[view].output_types)
        revert: str | None = None
        values: tuple[Answer, ...] = (None,) * len(types)
        try:
            found = expected()
        except UnreadableNumberError as error:
            revert = "" if error.unreadable.reverted else None
        else:
            if isinstance(found, Reverts):
                revert = found.reason
            else:
                values = found if isinstance(found, tuple) else (found,)
        name = f"{view}({detail})" if detail else view
        return Judge(
            account_id=account,
            market_id=market,
            contract=contract,
            request=abi.request(
                self.state.contracts[ROLES[contract]], view, *arguments, label=f"{contract}.{name}"
            ),
            fields=tuple(f"{name}.{label}" for label in labels) or (name,),
            types=types,
            expected=tuple(None if isinstance(value, Reverts) else value for value in values),
            expected_revert=revert,
        )


@cache
def _flat(types: tuple[str, ...]) -> tuple[str, ...]:
    """The leaf types of static outputs: a struct of static members is encoded as its members."""
    return tuple(leaf for name in types for leaf in name.strip("()").split(","))


def market_judges(bench: Bench, market: MarketState) -> Iterator[Judge]:
    """One market's mark price (which ignores the market's status) and its averages."""
    base, config = market.base_token, bench.state.config
    yield bench.ask(
        "AccountBalance.getMarkPrice",
        (base,),
        lambda: contract_mark_price_e18(market, config),
        market=base,
    )
    intervals = (
        0,
        MARK_SHORT_WINDOW_S,
        config.mark_market_twap_interval_s,
        config.mark_premium_interval_s,
    )
    for interval in dict.fromkeys(intervals):
        yield bench.ask(
            "Exchange.getSqrtMarketTwapX96",
            (base, interval),
            partial(market_sqrt_twap_x96, market, seconds_ago=0, interval=interval),
            market=base,
            detail=f"{interval} s",
        )


def protocol_judges(bench: Bench) -> Iterator[Judge]:
    """The insurance fund's capacity and the ratio that tokens are liquidated at."""
    config = bench.state.config
    yield bench.ask(
        "InsuranceFund.getInsuranceFundCapacity",
        (),
        lambda: fund_capacity(bench.valuation, insurance_fund(bench.valuation)),
    )
    yield bench.ask(
        "Vault.getCollateralMmRatio",
        (),
        lambda: config.mm_ratio + config.collateral_mm_ratio_buffer,
    )
