"""What an impairment is about, and where it happened."""

from __future__ import annotations

from fractions import Fraction

import pytest

from analyzer.contagion.scenario import Impairment


def test_an_asset_is_named_by_its_id_or_its_symbol_in_either_size_of_letters() -> None:
    found = Impairment("RSeth", Fraction(1, 5))
    assert found.names("0xaa", "rsETH")
    assert found.names("rseth", "")
    assert not found.names("0xaa", "wrsETH")
    assert found.left == Fraction(4, 5)


@pytest.mark.parametrize(
    ("where", "reached"),
    [("all", True), ("south", True), ("42161", True), ("north", False), ("1", False)],
)
def test_it_happened_everywhere_or_in_one_deployment_or_on_one_chain(
    where: str, reached: bool
) -> None:
    found = Impairment("rsETH", Fraction(1, 5), where)
    assert found.reaches("south", 42161) is reached
