"""Feeds as the index keeps them: what a role says comes back, and a round is of each factor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.abi.contract import load_abi
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import NotRead, Value
from analyzer.protocols.kit.price_feeds import (
    KINDS,
    FeedLogs,
    PriceFeed,
    as_deployment,
    family_of,
    feeds_of,
    roles_of,
    rounds_of,
    with_decimals,
)

ONE, TWO = "0x" + "11" * 20, "0x" + "aB" * 20
FEEDS = (PriceFeed("ETH", ONE, 8), PriceFeed("My coin", TWO, 18), PriceFeed("USD 2", TWO, 18))
DEPLOYMENT = Deployment("x", "aave-v3", 1, 7, {"pool": ONE})


def answer(address: str, current: int, *, at: int = 1_700_000_000) -> Event:
    args = {"current": current, "roundId": 1, "updatedAt": at}
    return Event(9, 0, "0x00", address, "feed", "AnswerUpdated", args, at + 5)


def test_what_is_kept_as_roles_comes_back() -> None:
    assert feeds_of(roles_of(FEEDS)) == {ONE: [FEEDS[0]], TWO.lower(): [FEEDS[1], FEEDS[2]]}


def test_a_round_has_the_feeds_own_time_and_eighteen_decimals_for_each_factor() -> None:
    feeds = feeds_of(roles_of(FEEDS))
    [eth] = rounds_of(answer(ONE, 185_012_345_678), feeds)
    assert (eth.factor, eth.time) == ("ETH", 1_700_000_000)
    assert eth.price_e18 == 1_850_123_456_780_000_000_000
    assert [r.factor for r in rounds_of(answer(TWO, 5), feeds)] == ["My coin", "USD 2"]
    assert rounds_of(answer(ONE, 0), feeds) == rounds_of(answer(ONE, -1), feeds) == []
    assert rounds_of(answer("0x" + "22" * 20, 5), feeds) == []


def test_more_decimals_than_eighteen_are_rounded_down() -> None:
    [one] = rounds_of(answer(ONE, 19), feeds_of(roles_of([PriceFeed("A", ONE, 19)])))
    assert one.price_e18 == 1


def test_each_contract_is_a_source_once_from_the_deployments_first_block() -> None:
    sources = FeedLogs().sources(as_deployment(DEPLOYMENT, roles_of(FEEDS)))
    assert [(s.address, s.from_block) for s in sources] == [(ONE, 7), (TWO, 7)]
    [(role, event)] = KINDS
    assert {(s.role, *s.events) for s in sources} == {(role, event)}
    assert load_abi(sources[0].abi).event(event)
    assert FeedLogs().follow(DEPLOYMENT, answer(ONE, 1)) == ()


def test_feeds_of_another_deployment_are_kept_apart() -> None:
    assert family_of(DEPLOYMENT) != family_of(replace(DEPLOYMENT, contracts={"pool": TWO}))
    assert family_of(DEPLOYMENT) == family_of(replace(DEPLOYMENT, name="y"))


def test_a_feed_that_says_no_decimals_or_absurd_ones_is_left_out() -> None:
    reading = with_decimals([("B", TWO), ("A", ONE), ("A", ONE), ("C", ONE)])
    requests = next(reading)
    assert [r.to for r in requests] == [ONE, TWO, ONE]
    eight, absurd = (Value(n.to_bytes(32, "big")) for n in (8, 77))
    with pytest.raises(StopIteration) as done:
        reading.send([eight, NotRead("no"), absurd])
    assert done.value.value == (PriceFeed("A", ONE, 8),)
