"""Identities against golden vectors: a key that changes is a key that nobody finds again.

No expected value here comes from the program. Each was made of the bytes that stand above it, by a
shell that has nothing of ours:

    S='\\x1f'; printf "..." | sha256sum | cut -c1-16

with the text between the quotes (`%` doubled, as printf wants it), `${S}` ASCII's unit separator.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model.deployment import Deployment
from analyzer.model.identity import (
    alert_key,
    cascade_id,
    content_hash,
    deployment_key,
    fingerprint,
    index_key,
    joint_name,
    path_id,
    run_id,
    scan_id,
)

PERP = Deployment(
    name="perp-v2-optimism",
    protocol="perp-v2",
    chain_id=10,
    from_block=17,
    contracts={
        "Vault": "0xAD7b4C162707E0B2b5f6fdDbD3f8538A5fbA0d60",
        "ClearingHouse": "0x82ac2CE43e33683c58BE4cDc40975E73aA50f459",
    },
)
BLOCK = "0x9B83c12c69edb74f6c8dd5d052765c1adf940e320bd1291696e6fa07829eee71"


def test_a_scan_is_protocol_chain_contracts_block_and_rules() -> None:
    # perp-v2${S}10${S}ClearingHouse=0x82ac2ce43e33683c58be4cdc40975e73aa50f459${S}Vault=
    # 0xad7b4c162707e0b2b5f6fddbd3f8538a5fba0d60${S}0x9b83c12c69edb74f6c8dd5d052765c1adf940e320bd
    # 1291696e6fa07829eee71${S}1 (one line)
    assert scan_id(PERP, BLOCK, "1") == "104b6a98c8fd99ce"


def test_a_deployment_of_a_history_is_protocol_chain_and_contracts() -> None:
    # perp-v2${S}10${S}ClearingHouse=0x82ac2ce43e33683c58be4cdc40975e73aa50f459${S}Vault=
    # 0xad7b4c162707e0b2b5f6fddbd3f8538a5fba0d60 (one line)
    assert deployment_key(PERP) == "220b712b783e6bac"


@pytest.mark.parametrize(
    ("source", "key"),
    [
        # perp-v2${S}10${S}17${S}ClearingHouse=0x82ac2ce43e33683c58be4cdc40975e73aa50f459${S}Vault=
        # 0xad7b4c162707e0b2b5f6fddbd3f8538a5fba0d60 (one line)
        ("", "d04d3f7f6500f432"),
        # the same, then ${S}5eed
        ("5eed", "56adcf4ed3c7ec56"),
    ],
)
def test_a_deployment_of_an_index_has_its_first_block_and_its_source(source: str, key: str) -> None:
    assert index_key(PERP, source) == key


def test_a_run_is_its_scans_sorted_and_its_options_as_given() -> None:
    # 1111111111111111${S}aaaaaaaaaaaaaaaa${S}0.1.0${S}flagged${S}0${S}high
    scans = ["a" * 16, "1" * 16]
    assert run_id(scans, ["0.1.0", "flagged", "0", "high"]) == "b42948586d210c42"


def test_a_cascade_is_the_json_of_what_decides_its_course_with_sorted_keys() -> None:
    """printf '%s' '...', with (one line):
    {"curves":{"BTC":"none","ETH":"exponential"},"depth":[{"factor":"ETH","kind":"exponential"}],
    "options":{"order":"book","sequential":false},"scans":["1111111111111111",
    "aaaaaaaaaaaaaaaa"],"scenario":{"name":"crash","steps":[{"shocks":{"ETH":"7/10"}}]}}
    """
    found = cascade_id(
        ["a" * 16, "1" * 16],
        {"steps": [{"shocks": {"ETH": "7/10"}}], "name": "crash"},
        [{"kind": "exponential", "factor": "ETH"}],
        {"ETH": "exponential", "BTC": "none"},
        {"sequential": False, "order": "book"},
    )
    assert found == "4d7d02f0729bf86a"


def test_a_cascade_is_made_of_nothing_that_json_does_not_have() -> None:
    with pytest.raises(TypeError):
        cascade_id([], object(), [], {}, {})


def test_a_path_is_its_nodes_channels_and_assets_each_ended_by_a_zero_byte() -> None:
    # shock:ETH\x00price\x00ETH\x00aave:1\x00aave:1\x00deficit\x00\x00aave:suppliers\x00
    steps = [("shock:ETH", "price", "ETH", "aave:1"), ("aave:1", "deficit", "", "aave:suppliers")]
    assert path_id(text for step in steps for text in step) == "8682958619aa678a"


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        # undercollateralized-account${S}10${S}perp-v2-optimism${S}
        # 0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B${S} (one line)
        (
            ("undercollateralized-account", 10, "perp-v2-optimism",
             "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B", None),
            "f6177bd3d3aba8f8",
        ),
        # cascade-amplification${S}42161${S}derive-v2${S}${S}under ETH −30 %% (the sign is U+2212)
        (
            ("cascade-amplification", 42161, "derive-v2", None, "under ETH \u221230 %"),
            "117b4d4466a842de",
        ),
        # owner-short-together${S}1${S}aave+perp${S}0xOwner${S}
        (("owner-short-together", 1, "aave+perp", "0xOwner", None), "3f32f0fc221b170d"),
    ],
)  # fmt: skip
def test_a_finding_is_which_rule_and_whom_it_is_about(
    parts: tuple[str, int, str, str | None, str | None], key: str
) -> None:
    assert fingerprint(*parts) == key


def test_a_book_of_no_block_is_its_content_its_texts_and_its_numbers() -> None:
    text = b'table/1\n{"a":null,"b":"1"}\nx\x1fy\nz\n\x01\x00'
    found = content_hash({"b": "1", "a": None}, [["x", "y"], ["z"]], [b"\x01\x00"])
    assert found == f"0x{hashlib.sha256(text).hexdigest()}"


def test_an_alert_of_github_is_the_first_of_its_hash() -> None:
    assert alert_key("f6177bd3d3aba8f8") == "f6177bd3d3aba8f8:1"


def test_deployments_together_are_named_in_one_order() -> None:
    assert joint_name(["perp", "aave"]) == "aave+perp"


TEXT = st.text("abcxyz0189=-", max_size=6)
ROLES = st.dictionaries(TEXT, st.from_regex(r"0x[0-9a-f]{4}", fullmatch=True), max_size=4)
DEPLOYMENTS = st.builds(
    Deployment,
    name=TEXT,
    protocol=TEXT,
    chain_id=st.integers(1, 99),
    from_block=st.integers(0, 99),
    contracts=ROLES,
)


@given(DEPLOYMENTS, st.randoms(use_true_random=False))
def test_neither_order_nor_case_nor_name_changes_a_deployment(
    deployment: Deployment, random: object
) -> None:
    roles = list(deployment.contracts.items())
    random.shuffle(roles)  # type: ignore[attr-defined]
    same = replace(
        deployment,
        name="another",
        aliases=("old",),
        source="elsewhere",
        contracts={role: address.upper() for role, address in roles},
    )
    assert scan_id(same, "0xAB", "1") == scan_id(deployment, "0xab", "1")
    assert deployment_key(same) == deployment_key(deployment)
    assert index_key(same, "s") == index_key(deployment, "s")
    later = replace(deployment, from_block=deployment.from_block + 1)
    assert deployment_key(later) == deployment_key(deployment)
    assert index_key(later) != index_key(deployment)


@given(DEPLOYMENTS)
def test_each_part_of_a_scan_counts(deployment: Deployment) -> None:
    others = [
        replace(deployment, protocol=deployment.protocol + "x"),
        replace(deployment, chain_id=deployment.chain_id + 1),
        replace(deployment, contracts={**deployment.contracts, "one more": "0x00"}),
        replace(deployment, contracts={"r" + k: v for k, v in deployment.contracts.items()}),
    ]
    keys = {scan_id(deployment, "0xab", "1")} | {scan_id(o, "0xab", "1") for o in others[:3]}
    keys |= {scan_id(deployment, "0xac", "1"), scan_id(deployment, "0xab", "2")}
    assert len(keys) == 6
    if deployment.contracts:
        assert scan_id(others[3], "0xab", "1") != scan_id(deployment, "0xab", "1")


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=3), st.randoms(use_true_random=False))
def test_a_run_does_not_depend_on_the_order_of_its_scans(
    scans: list[str], options: list[str], random: object
) -> None:
    shuffled = list(scans)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert run_id(shuffled, options) == run_id(scans, options)
    assert run_id(scans, [*options, "x"]) != run_id(scans, options)
    if options != options[::-1]:
        assert run_id(scans, options[::-1]) != run_id(scans, options)


@given(st.lists(TEXT, min_size=1, max_size=5), st.lists(TEXT, min_size=1, max_size=5))
def test_two_paths_are_one_only_when_every_text_is_the_same(one: list[str], two: list[str]) -> None:
    assert (path_id(one) == path_id(two)) == (one == two)


@given(
    st.tuples(TEXT, st.integers(1, 99), TEXT, TEXT, TEXT),
    st.tuples(TEXT, st.integers(1, 99), TEXT, TEXT, TEXT),
)
def test_two_findings_are_one_only_when_every_part_is_the_same(
    one: tuple[str, int, str, str, str], two: tuple[str, int, str, str, str]
) -> None:
    assert (fingerprint(*one) == fingerprint(*two)) == (one == two)
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(*one))
