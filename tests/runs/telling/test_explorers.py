"""Which explorer a chain's addresses lead to."""

from __future__ import annotations

import pytest

from analyzer.model.errors import InputError
from analyzer.runs.telling.explorers import EXPLORERS, VARIABLE, explorers


def test_the_table_names_chains_that_are_public_and_no_local_one() -> None:
    found = explorers()
    assert found == EXPLORERS
    assert found[10] == "https://optimistic.etherscan.io/address/"
    assert not {31_337, 1_337, 31_000_007} & set(found)


def test_the_environment_goes_over_the_table_and_an_option_over_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "10=https://a.example/address/, 31337=http://localhost:4000/a/")
    found = explorers(["10=https://b.example/x?a=", "1="])
    assert (found[10], found[31_337], found[1]) == (
        "https://b.example/x?a=",
        "http://localhost:4000/a/",
        "",
    )


@pytest.mark.parametrize(
    "text",
    ["10", "=https://a.example/", "x=https://a.example/", "10=javascript:alert(1)//",
     '10=https://a.example/"><script>', "10=https://a.example/)(", "10=ftp://a.example/"],
)  # fmt: skip
def test_what_is_no_chain_with_an_address_is_wrong_input(text: str) -> None:
    with pytest.raises(InputError, match="CHAIN_ID=URL"):
        explorers([text])
