"""How fast synthetic books are margined, exactly and repriced, in CPU seconds of one core.

Chosen with `-m benchmark`.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from derive_recording import recorded

from analyzer.model.book import Book
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.prices import reference_prices
from analyzer.protocols.derive_v2.value.reprice import reprice
from analyzer.protocols.derive_v2.value.value import value

E18 = 10**18
SRM_ACCOUNTS, PMRM_ACCOUNTS = 100_000, 10_000
SHOCKS = np.array([[1.0, 0.9, 0.8, 0.7, 1.2], [1.0, 0.9, 0.8, 0.7, 1.2], [1.0, 1.1, 1.5, 2.0, 1.0]])
FACTORS = ("ETH", "BTC", "ETH:vol")


def synthetic(book: Book, managers: list[str], count: int, seed: int) -> tuple[DeriveState, Book]:
    """`count` accounts of the recorded kinds: each has the assets of a recorded account of the
    same manager, in other amounts."""
    state = book.state
    assert isinstance(state, DeriveState)
    rng = random.Random(seed)
    models = [
        account
        for account in state.accounts.values()
        if account.manager in managers and 2 <= len(account.balances) <= 20
    ]
    accounts: dict[int, Account] = {}
    for number in range(1, count + 1):
        model = rng.choice(models)
        balances = [
            Holding(held.asset, held.sub_id, held.balance * rng.randrange(50, 150) // 100 or E18)
            for held in model.balances
        ]
        accounts[number] = replace(model, number=number, balances=balances)
    changed = replace(state, accounts=accounts)
    index = {asset.asset_id: place for place, asset in enumerate(book.assets)}
    counts, legs, amounts = [0], [], []
    for account in accounts.values():
        for held in account.balances:
            key = f"{held.asset}:{held.sub_id}" if held.asset in state.options else held.asset
            legs.append(index[key])
            amounts.append(held.balance)
        counts.append(len(legs))
    return changed, Book(
        account_ids=[str(number) for number in accounts],
        owners=[account.owner for account in accounts.values()],
        assets=book.assets,
        indptr=np.array(counts, dtype=np.int64),
        asset=np.array(legs, dtype=np.int32),
        amount=amounts,
        state=changed,
    )


@pytest.mark.benchmark
@pytest.mark.parametrize("kind", ["srm", "pmrm"])
def test_rates_of_exact_margin_and_of_reprice(
    shared: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book = recorded(shared).book("A")
    recorded_state = book.state
    assert isinstance(recorded_state, DeriveState)
    srm = kind == "srm"
    managers = [recorded_state.srm.address] if srm else list(recorded_state.pmrms)
    count = SRM_ACCOUNTS if srm else PMRM_ACCOUNTS
    state, large = synthetic(book, managers, count, seed=7)

    began = time.process_time()
    valuation = Valuation(state)
    known = [valuation.numbers(number) for number in state.accounts]
    exact = count / (time.process_time() - began)
    assert all(numbers.problem is None for numbers in known)

    began = time.process_time()
    found = reprice(value(large, reference_prices(state, {})), FACTORS, SHOCKS)
    rate = count * SHOCKS.shape[1] / (time.process_time() - began)
    assert not np.isnan(found.equity).any()
    with capsys.disabled():
        legs = len(large.amount) / count
        print(
            f"\n{kind}: {count} accounts of {legs:.1f} balances, per CPU second:"
            f" {exact:,.0f} exact accounts, {rate:,.0f} repriced account-scenarios"
        )
    assert exact > 100
    assert rate > 10 * exact
