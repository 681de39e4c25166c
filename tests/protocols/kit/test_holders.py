"""Whom a price concerns."""

from __future__ import annotations

from analyzer.protocols.kit.holders import Holders


def test_the_holders_of_assets_are_found_and_those_who_come_later_too() -> None:
    held = {"a": {"X"}, "b": {"X", "Y"}, "c": set[str]()}
    holders = Holders(list(held), held.__getitem__)
    assert holders.of(["X"]) == {"a", "b"}
    assert holders.of(["Y", "nothing"]) == {"b"}
    held["c"].add("Y")
    assert holders.of(["Y"]) == {"b"}
    holders.changed("c")
    assert holders.of(["X", "Y"]) == {"a", "b", "c"}
    held["b"].clear()
    holders.changed("b")
    assert holders.of(["X"]) == {"a", "b"}


def test_nobody_is_asked_before_the_first_question() -> None:
    asked: list[str] = []
    holders = Holders(["a"], lambda account: asked.append(account) or {"X"})  # type: ignore[func-returns-value]
    holders.changed("a")
    assert asked == []
    assert holders.of(["X"]) == {"a"}
