from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from analyzer.devnet.perp_v2.deploy import sqrt_price_x96
from analyzer.devnet.tokens import Token
from analyzer.devnet.world import World


def token(decimals: int) -> Token:
    return Token("T", decimals, None, "")  # type: ignore[arg-type]


def test_amounts_are_in_the_tokens_own_decimals() -> None:
    assert [token(d).units(1_234.567891) for d in (6, 8, 18)] == [
        1_234_567_891,
        123_456_789_100,
        1_234_567_891_000_000_000_000,
    ]


@given(st.floats(min_value=0.001, max_value=100_000))
def test_the_square_root_price_squares_to_the_price(price: float) -> None:
    root = sqrt_price_x96(price)
    assert math.isclose(root * root / 2**192, price, rel_tol=1e-8)


def test_a_drift_is_decided_by_the_generator_alone() -> None:
    from analyzer.devnet.feeds import Feed

    feeds = [Feed("ETH", None, "", 2_000.0) for _ in range(2)]  # type: ignore[arg-type]
    for feed in feeds:
        feed.drift(World(None, None, 1).random("x"), 0.01)  # type: ignore[arg-type]
    assert feeds[0].price_usd == feeds[1].price_usd != 2_000.0
