"""What every protocol builds on: batches of reads, arguments, factors, stages, addresses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from analyzer.abi.codec import encode_values
from analyzer.model.book import Asset, LegKind, make_book
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.logs import Event
from analyzer.model.reads import NotRead, Reverted, Value
from analyzer.model.rows import unknown_margin
from analyzer.protocols.kit.arguments import blob, integer, text
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.kit.factors import default_factor, factor_of
from analyzer.protocols.kit.shipped import load_shipped, require_contracts
from analyzer.protocols.kit.staged import asks_nothing, checked_type
from analyzer.protocols.kit.unreadable import Unreadable

TOKEN = "0x" + "1" * 40
HERE = Deployment("here", "any", 1, 0, {})


def event(**arguments: object) -> Event:
    """An event with these arguments."""
    return Event(1, 0, "0x", TOKEN, "token", "Mint", arguments, 0)


def test_a_batch_gives_each_answer_to_its_ticket() -> None:
    batch = Batch("aave_v3")
    symbol = batch.call("ERC20", TOKEN, "symbol", about="the token")
    decimals = batch.call("ERC20", TOKEN, "decimals")
    slot = batch.slot(TOKEN, 1, "slot", "one")
    code = batch.code_hash(TOKEN, "code")
    replies = batch.replies(
        [
            Value(encode_values(("string",), ("DAI",))),
            Value(encode_values(("uint8",), (18,))),
            Value((7).to_bytes(32, "big")),
            Value((8).to_bytes(32, "big")),
        ]
    )
    assert (replies.text(symbol), replies.number(decimals)) == ("DAI", 18)
    assert (replies.word(slot), replies.word(code)) == (7, 8)
    assert (replies.optional(decimals), replies.optional_text(symbol)) == (18, "DAI")
    assert [request.kind for request in batch.requests] == ["call", "call", "slot", "code_hash"]


def test_what_could_not_be_read_is_a_reason_and_never_zero() -> None:
    batch = Batch("aave_v3")
    tickets = [batch.call("ERC20", TOKEN, "decimals", about="x") for _ in range(4)]
    answers = [NotRead("down"), Reverted(b"", "no"), Reverted(b"", ""), Value(b"")]
    replies = batch.replies(answers)
    reasons = [replies.number(ticket) for ticket in tickets]
    assert reasons[:3] == [
        Unreadable("ERC20.decimals(x)", "down"),
        Unreadable("ERC20.decimals(x)", "no", True),
        Unreadable("ERC20.decimals(x)", "reverted", True),
    ]
    assert isinstance(reasons[3], Unreadable)
    assert "is no answer of this function" in str(reasons[3])
    assert [replies.optional(ticket) for ticket in tickets] == [None] * 4


def test_an_answer_of_another_type_is_a_mistake_of_ours() -> None:
    batch = Batch("aave_v3")
    ticket = batch.call("ERC20", TOKEN, "symbol")
    replies = batch.replies([Value(encode_values(("string",), ("DAI",)))])
    with pytest.raises(TypeError, match="does not return an integer"):
        replies.number(ticket)


def test_a_batch_asks_once_and_an_empty_one_asks_nothing() -> None:
    batch = Batch("aave_v3", {"0x01": "TooOld"}.__getitem__)
    ticket = batch.call("ERC20", TOKEN, "balanceOf", TOKEN)
    reading = batch.read()
    assert next(reading) == batch.requests
    with pytest.raises(StopIteration) as done:
        reading.send([Reverted(b"", "0x01")])
    asked = f"ERC20.balanceOf({TOKEN})"
    assert done.value.value.number(ticket) == Unreadable(asked, "TooOld", True)
    with pytest.raises(StopIteration) as done:
        next(Batch("aave_v3").read())
    assert list(done.value.value.answers) == []


def test_fewer_answers_than_reads_are_an_error() -> None:
    batch = Batch("aave_v3")
    batch.call("ERC20", TOKEN, "symbol")
    with pytest.raises(ValueError, match="1 reads were asked, 0 answered"):
        batch.replies([])


def test_arguments_have_the_type_that_is_asked_for() -> None:
    found = event(value=1, who="0x1", id=b"\x01")
    assert (integer(found, "value"), text(found, "who"), blob(found, "id")) == (1, "0x1", b"\x01")
    for reader, name in ((integer, "who"), (text, "value"), (blob, "value")):
        with pytest.raises(TypeError, match=f"Mint.{name} is "):
            reader(found, name)


@pytest.mark.parametrize(
    ("symbol", "factor"),
    [
        ("ETH", "ETH"),
        ("WETH", "ETH"),
        ("vETH", "ETH"),
        ("aWETH", "ETH"),
        ("variableDebtUSDC", "USDC"),
        ("cbBTC", "BTC"),
        ("wstETH", "stETH/ETH"),
        ("vLINK", "LINK"),
        ("aave", "aave"),
        ("AAVE", "AAVE"),
        ("v", "v"),
        ("", ""),
    ],
)
def test_the_same_asset_has_one_factor_under_every_wrapping(symbol: str, factor: str) -> None:
    assert default_factor(symbol) == factor


def test_a_deployments_own_factors_come_first() -> None:
    named = {"WETH": "ether", TOKEN: "mine"}
    assert factor_of(named, TOKEN, "WETH") == "mine"
    assert factor_of(named, "0x2", "WETH") == "ether"
    assert factor_of({}, "0x2", "WETH") == "ETH"


def test_a_shipped_file_gives_its_provenance_to_every_deployment(tmp_path: Path) -> None:
    file = tmp_path / "deployments.json"
    entry = {
        "name": "here", "protocol": "any", "chain_id": 1, "from_block": 5,
        "contracts": {"pool": TOKEN},
    }  # fmt: skip
    file.write_text(json.dumps({"schema": 1, "provenance": "a book", "deployments": [entry]}))
    assert load_shipped(file) == (
        Deployment("here", "any", 1, 5, {"pool": TOKEN}, source="a book"),
    )
    file.write_text(json.dumps({"schema": 2}))
    with pytest.raises(InputError, match="is of schema 2, not 1"):
        load_shipped(file)


def test_missing_roles_are_all_named() -> None:
    require_contracts("any", ("pool",), {"pool": TOKEN})
    with pytest.raises(InputError, match=r"an? any deployment must name .*missing: pool, oracle$"):
        require_contracts("any", ("pool", "oracle"), {})


def test_a_thing_of_another_protocol_is_refused() -> None:
    assert checked_type(5, int, "ledger") == 5
    with pytest.raises(TypeError, match=r"this ledger is of another protocol \(str\)"):
        checked_type("x", int, "ledger")


def test_a_fold_that_asks_nothing_is_a_reading_that_ends_at_once() -> None:
    def count(deployment: Deployment, events: Iterable[Event]) -> int:
        return len(list(events))

    with pytest.raises(StopIteration) as done:
        next(asks_nothing(count)(HERE, [event(), event()]))
    assert done.value.value == 2


def test_a_book_is_made_of_legs_account_by_account() -> None:
    assets = [
        Asset("0xa", "A", LegKind.COLLATERAL, 18, "A"),
        Asset("0xb", "B", LegKind.POSITION, 6, "B"),
    ]
    book = make_book(["x", "y", "z"], assets, [[(0, 5), (1, -7)], [], [(1, 1)]], "state")
    assert [book.legs(n) for n in range(3)] == [
        [(assets[0], 5), (assets[1], -7)],
        [],
        [(assets[1], 1)],
    ]
    assert (list(book.owners), book.state) == (["x", "y", "z"], "state")


def test_an_unknown_account_has_no_number_at_all() -> None:
    row = unknown_margin("x", "a price is gone")
    assert (row.account_id, row.owner, row.status, row.unknown_reason) == (
        "x",
        "x",
        "unknown",
        "a price is gone",
    )
    numbers = (
        row.equity_e18,
        row.margin_equity_e18,
        row.initial_margin_e18,
        row.maintenance_margin_e18,
        row.free_collateral_e18,
        row.liquidatable,
        row.closable,
    )
    assert numbers == (None,) * 7
