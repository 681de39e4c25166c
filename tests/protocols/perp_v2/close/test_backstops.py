"""The waterfall: its order and what each layer can bear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bare_book import bare_book

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.close.backstops import backstops
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.value import value

E18 = 10**18
USD = 10**6


def capacities(state: PerpState) -> list[int | None]:
    return [row.capacity_e18 for row in backstops(value(bare_book(state), reference_prices(state)))]


def test_losses_reach_own_tokens_then_the_fund_then_its_wallet_then_who_withdraws_last(
    make_state: Callable[..., PerpState], make_account: Callable[..., Account]
) -> None:
    debtor = make_account(usdc=-100 * USD, weth=E18, number=1)
    creditor = make_account(usdc=100 * USD, weth=E18, number=2)
    state = make_state(debtor, creditor)
    state.accounts[state.insurance_fund] = Account(
        state.insurance_fund, {state.settlement_token: -7 * USD}, owed_realized_pnl=5
    )
    rows = backstops(value(bare_book(state), reference_prices(state)))
    assert [replace(row, rule="") for row in rows] == [
        BackstopRow(
            1,
            "tokens of the accounts in debt",
            None,
            1_800 * E18,
            False,
            "",
            BackstopKind.OWN_COLLATERAL,
        ),
        BackstopRow(
            2,
            "insurance fund, Vault account",
            state.insurance_fund,
            -7 * E18 + 5,
            False,
            "",
        ),
        BackstopRow(3, "insurance fund, wallet", state.insurance_fund, 1_000 * E18, False, ""),
        BackstopRow(
            4, "everyone who withdraws last", None, None, True, "", BackstopKind.SOCIALISED
        ),
    ]
    assert all(row.rule for row in rows)


def test_a_fund_that_no_log_ever_named_has_nothing(make_state: Callable[..., PerpState]) -> None:
    assert capacities(make_state()) == [0, 0, 1_000 * E18, None]


def test_what_was_not_read_is_no_zero(
    make_state: Callable[..., PerpState], make_account: Callable[..., Account]
) -> None:
    state = make_state(make_account(usdc=-100 * USD, weth=E18))
    token, info = next(iter(state.collateral.items()))
    state.collateral[token] = replace(info, price=Unreadable("getPrice", "time-out"))
    state.insurance_fund_wallet = None
    assert capacities(state) == [None, 0, None, None]
