"""Who pays how much when everybody owes everybody: clearing of claims between nodes.

    assets_i    = e_i + sum_j p_j * L[j, i] / owed_j        owed_i = sum_j L[i, j] + el_i
    p_i         = owed_i                                    if owed_i <= assets_i
                = alpha * e_i + beta * (assets_i - e_i)     otherwise (node i defaults)

With alpha = beta = 1 this is Eisenberg-Noe (nothing is lost in a default: what a node has goes to
its creditors, in proportion to what they are owed); below 1 it is Rogers-Veraart, where a default
destroys part of the estate. Of several solutions the **greatest** is returned, in which as few
nodes default as possible: it is reached from "everybody pays" by adding defaults that cannot be
avoided (fictitious default sequence), one linear system a step, at most one step a node.

What holds, and is tested: limited liability, proportionality (so the receipt token of node i is
worth `recovery[i]`), nobody pays less when some node has more external assets, and with full
recovery nothing is lost: external assets = equity + what external creditors get.

What does **not** hold: with default costs (alpha or beta below 1) the payments are not continuous
in the external assets (one unit less can cost many), the solution is not unique (a smaller one,
a run that feeds itself, is a clearing vector too), and value is destroyed.

Source: Eisenberg and Noe 2001; Rogers and Veraart 2013; reference cases R1-EN and R2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats, claims, number, vector

DEFAULT_TOLERANCE = 1e-12
"""A node that lacks less than this share of what it owes pays in full: rounding is no default."""


@dataclass(frozen=True, slots=True)
class Clearing:
    """The greatest clearing vector. Every array is [node], amounts in the unit of the input."""

    payments: Floats
    """What the node pays in all: to nodes and to external creditors."""
    defaulted: NDArray[np.bool_]
    """Whether it pays less than it owes."""
    recovery: Floats
    """Paid / owed, 0 to 1: what its creditors get of one unit. 1 for a node that owes nothing."""
    equity: Floats
    """What is left to the owners of the node: 0 for one that defaults."""
    rounds: int
    """Steps in which further nodes had to default; 0 when nobody does."""


def eisenberg_noe(
    liabilities: ArrayLike,
    external_assets: ArrayLike,
    external_liabilities: ArrayLike | None = None,
) -> Clearing:
    """The greatest clearing vector when a defaulting node pays out all that it has.

    Shape: liabilities [node, node] (`liabilities[i, j]` is what i owes j), the others [node].
    `external_liabilities` have the seniority of the others; None means none.

    Units: one unit for all amounts, float64. A shortfall below 1e-12 of what a node owes is no
    default.

    Raises: ValueError for wrong shapes, negative or non-finite entries, a claim on oneself;
    ArithmeticError when the amounts are so far apart in size that float64 cannot solve for them.

    Source: Eisenberg and Noe 2001; vector R1-EN.
    """
    return rogers_veraart(liabilities, external_assets, 1.0, 1.0, external_liabilities)


def rogers_veraart(
    liabilities: ArrayLike,
    external_assets: ArrayLike,
    alpha: float,
    beta: float,
    external_liabilities: ArrayLike | None = None,
) -> Clearing:
    """The greatest clearing vector when a default destroys part of the estate.

    A defaulting node pays `alpha` of its external assets and `beta` of what other nodes pay it
    (both 0 to 1; 1 and 1 is Eisenberg-Noe). Shapes, units and errors as in `eisenberg_noe`, and
    ValueError for alpha or beta outside [0, 1].

    Source: Rogers and Veraart 2013, Example 3.3; vector R2.
    """
    owed_to = claims("liabilities", liabilities)
    nodes = owed_to.shape[0]
    outside = vector("external_assets", external_assets, length=nodes)
    others = np.zeros(nodes) if external_liabilities is None else external_liabilities
    owed = owed_to.sum(axis=1) + vector("external_liabilities", others, length=nodes)
    kept_outside = number("alpha", alpha, most=1.0)
    kept_inside = number("beta", beta, most=1.0)

    recovery = np.ones(nodes)
    defaulted = np.zeros(nodes, dtype=np.bool_)
    rounds = 0
    while True:
        assets = outside + owed_to.T @ recovery
        # A node once in default stays there: each step only lowers what it receives.
        now = defaulted | (owed - assets > DEFAULT_TOLERANCE * owed)
        if np.array_equal(now, defaulted):
            break
        defaulted, rounds = now, rounds + 1
        recovery = _recovery(owed_to, owed, kept_outside * outside, kept_inside, defaulted)
    payments = np.where(defaulted, recovery * owed, owed)
    equity = np.where(defaulted, 0.0, np.maximum(assets - owed, 0.0))
    return Clearing(payments, defaulted, recovery, equity, rounds)


def _recovery(
    owed_to: Floats, owed: Floats, estate: Floats, beta: float, defaulted: NDArray[np.bool_]
) -> Floats:
    """Paid / owed of every node when exactly `defaulted` do not pay in full.

    Solves recovery_i * owed_i = estate_i + beta * sum_j L[j, i] * recovery_j over the defaulted i.
    The system is regular: a group that owes only to itself cannot default as a whole, for what
    each of its members does not pay another one does not owe.
    """
    lost, safe = np.flatnonzero(defaulted), np.flatnonzero(~defaulted)
    # Divided by what is owed, the diagonal is 1 whatever the sizes of the nodes.
    scale = owed[lost]
    system = np.eye(lost.size) - beta * owed_to[np.ix_(lost, lost)].T / scale[:, None]
    known = (estate[lost] + beta * owed_to[np.ix_(safe, lost)].sum(axis=0)) / scale
    try:
        solved = np.linalg.solve(system, known)
    except np.linalg.LinAlgError as error:
        raise ArithmeticError(
            f"nodes {lost.tolist()} owe so nearly only each other that float64 cannot tell what"
            " they pay: scale the amounts, or leave out the smallest claims"
        ) from error
    recovery = np.ones(owed.size)
    recovery[lost] = np.clip(solved, 0.0, 1.0)
    return recovery
