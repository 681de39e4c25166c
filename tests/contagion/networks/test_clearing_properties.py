"""Clearing against an oracle that tries every set of defaulters in exact rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.clearing import eisenberg_noe, rogers_veraart

SHARES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1))

Network = tuple[list[list[int]], list[int], list[int]]


@st.composite
def networks(draw: st.DrawFn, most: int = 4) -> Network:
    nodes = draw(st.integers(1, most))
    amounts = st.integers(0, 6)
    liabilities = [[0 if i == j else draw(amounts) for j in range(nodes)] for i in range(nodes)]
    vectors = st.lists(amounts, min_size=nodes, max_size=nodes)
    return liabilities, draw(vectors), draw(vectors)


def solved(rows: list[list[Fraction]]) -> list[Fraction] | None:
    """The solution of a square system [A | b] in rationals; None when it is singular."""
    size = len(rows)
    for column in range(size):
        pivot = next((r for r in range(column, size) if rows[r][column] != 0), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [value / lead for value in rows[column]]
        for other in range(size):
            if other != column:
                factor = rows[other][column]
                rows[other] = [
                    a - factor * b for a, b in zip(rows[other], rows[column], strict=True)
                ]
    return [row[-1] for row in rows]


def clearing_vectors(network: Network, alpha: Fraction, beta: Fraction) -> list[list[Fraction]]:
    """Every clearing vector that one set of defaulters determines."""
    liabilities, outside, external = network
    nodes = range(len(outside))
    owed = [sum(liabilities[i]) + external[i] for i in nodes]
    found = []
    for defaulted in product((False, True), repeat=len(outside)):
        rows = []
        for i in nodes:
            row = [Fraction(int(i == j)) for j in nodes]
            if defaulted[i]:
                for j in nodes:
                    if owed[j]:
                        row[j] -= beta * Fraction(liabilities[j][i], owed[j])
            rows.append([*row, alpha * outside[i] if defaulted[i] else Fraction(owed[i])])
        paid = solved(rows)
        if paid is None:
            continue
        assets = [
            outside[i] + sum(paid[j] * Fraction(liabilities[j][i], owed[j] or 1) for j in nodes)
            for i in nodes
        ]
        if all(defaulted[i] == (assets[i] < owed[i]) for i in nodes):
            found.append(paid)
    return found


@given(networks(), st.sampled_from(SHARES), st.sampled_from(SHARES))
def test_the_result_is_the_greatest_of_all_clearing_vectors(
    network: Network, alpha: Fraction, beta: Fraction
) -> None:
    liabilities, outside, external = network
    result = rogers_veraart(liabilities, outside, float(alpha), float(beta), external)
    found = clearing_vectors(network, alpha, beta)
    greatest = [max(values) for values in zip(*found, strict=True)]
    assert greatest in found
    np.testing.assert_allclose(result.payments, [float(p) for p in greatest], atol=1e-10)
    owed = [sum(row) + more for row, more in zip(liabilities, external, strict=True)]
    assert result.defaulted.tolist() == [p < o for p, o in zip(greatest, owed, strict=True)]


@given(networks(most=8), st.sampled_from(SHARES), st.sampled_from(SHARES))
def test_nobody_pays_more_than_it_owes_or_has(
    network: Network, alpha: Fraction, beta: Fraction
) -> None:
    liabilities, outside, external = (np.array(part, dtype=float) for part in network)
    result = rogers_veraart(liabilities, outside, float(alpha), float(beta), external)
    owed = liabilities.sum(axis=1) + external
    assets = outside + liabilities.T @ result.recovery
    assert (result.payments >= 0).all()
    assert (result.payments <= owed).all()
    assert (result.payments <= assets + 1e-9).all()
    assert (result.equity >= 0).all()
    # Priority: owners get something only where creditors got everything.
    assert not (result.defaulted & (result.equity > 0)).any()
    np.testing.assert_allclose(result.payments, result.recovery * owed, atol=1e-9)


@given(networks(most=8))
def test_with_full_recovery_nothing_is_lost(network: Network) -> None:
    liabilities, outside, external = network
    result = eisenberg_noe(liabilities, outside, external)
    paid_out = float(result.recovery @ np.array(external))
    np.testing.assert_allclose(result.equity.sum() + paid_out, sum(outside), atol=1e-9)


@given(networks(most=8), st.sampled_from(SHARES), st.sampled_from(SHARES), st.data())
def test_more_external_assets_lower_no_payment(
    network: Network, alpha: Fraction, beta: Fraction, data: Any
) -> None:
    liabilities, outside, external = network
    node = data.draw(st.integers(0, len(outside) - 1))
    more = [value + (3 if place == node else 0) for place, value in enumerate(outside)]
    before = rogers_veraart(liabilities, outside, float(alpha), float(beta), external)
    after = rogers_veraart(liabilities, more, float(alpha), float(beta), external)
    assert (after.payments >= before.payments - 1e-9).all()
    assert (after.equity >= before.equity - 1e-9).all()
    assert not (after.defaulted & ~before.defaulted).any()


@given(networks(most=8), st.sampled_from(SHARES))
def test_default_costs_raise_no_payment(network: Network, share: Fraction) -> None:
    liabilities, outside, external = network
    free = eisenberg_noe(liabilities, outside, external)
    costly = rogers_veraart(liabilities, outside, float(share), float(share), external)
    assert (costly.payments <= free.payments + 1e-9).all()


@given(networks(most=6), st.randoms(use_true_random=False), st.sampled_from((2.0**-40, 2.0**40)))
def test_neither_the_order_of_the_nodes_nor_the_unit_matters(
    network: Network, random: Any, unit: float
) -> None:
    liabilities, outside, external = (np.array(part, dtype=float) for part in network)
    turn = list(range(len(outside)))
    random.shuffle(turn)
    base = rogers_veraart(liabilities, outside, 0.5, 0.75, external)
    other = rogers_veraart(
        unit * liabilities[np.ix_(turn, turn)],
        unit * outside[turn],
        0.5,
        0.75,
        unit * external[turn],
    )
    np.testing.assert_allclose(other.payments / unit, base.payments[turn], atol=1e-9)
    assert other.defaulted.tolist() == base.defaulted[turn].tolist()
