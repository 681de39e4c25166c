"""Families of scenarios that are one number: every point of a ray is a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from analyzer.contagion.scenario.sentences import signed_percent
from analyzer.contagion.scenario.types import ALL, Scenario, Step


def ray(
    market: Fraction,
    *,
    market_factor: str | None = None,
    betas: Mapping[str, Fraction] | None = None,
) -> Scenario:
    """One point of a ray: the market's price multiplied by `market`, exact.

    Without betas the ray is uniform: every factor but stables and depegs moves alike. With betas
    (factor or class -> beta to `market_factor`) each moves by 1 + beta (market - 1), not below
    `LEAST_BETA_MULTIPLIER`; what has no beta stays.

    Raises: ValueError when `market` is not above zero, or betas come without a market factor.
    """
    move = signed_percent(market)
    if betas is None:
        return Scenario(
            name=f"uniform ray {move}",
            title=f"every price {move}, stables and depegs as they are",
            source="a ray, not an observation",
            steps=(Step({ALL: market}),),
            verified=True,
        )
    if market_factor is None:
        raise ValueError("a ray with betas needs the factor that they are betas to")
    return Scenario(
        name=f"beta ray {market_factor} {move}",
        title=f"{market_factor} {move}, the others by their betas",
        source="a ray, not an observation",
        steps=(Step({market_factor: market}),),
        betas=dict(betas),
        market_factor=market_factor,
        verified=True,
    )
