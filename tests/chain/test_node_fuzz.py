"""Whatever a node answers, what comes out is an answer or one of our errors, in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import web3  # noqa: F401  (its import changes the recursion limit, which hypothesis watches)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analyzer.chain import endpoint as endpoint_module
from analyzer.chain.exchange import Reply
from analyzer.chain.faults import read_fault, revert_text, stated_span, suggested_range
from analyzer.chain.node import Node
from analyzer.chain.pace import Pace
from analyzer.model.block import BlockRef
from analyzer.model.errors import AnalyzerError
from analyzer.model.logs import LogFilter
from analyzer.model.reads import ReadRequest

A, T = "0x" + "aa" * 20, "0x" + "01" * 32
KEY = "s3cretkey"
BLOCK = BlockRef(9, "0x" + "09" * 32, "0x" + "08" * 32, 1_700_000_000)
HEADER = {
    "number": "0x9",
    "hash": BLOCK.hash,
    "parentHash": BLOCK.parent_hash,
    "timestamp": hex(BLOCK.time),
}
LOG = {
    "address": A,
    "topics": [T],
    "data": "0x",
    "blockHash": BLOCK.hash,
    "blockNumber": "0x9",
    "transactionHash": "0x" + "05" * 32,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
    "removed": False,
}

hex_text = st.one_of(
    st.integers(-(2**300), 2**300).map(hex),
    st.binary(max_size=70).map(lambda data: "0x" + data.hex()),
    st.sampled_from(["0x", "0x1", "0xzz", "-0x5", "0x 1", "", "0X1", "0x" + "f" * 400, KEY]),
)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)
)
values = st.recursive(
    st.one_of(plain, hex_text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def changed(good: dict[str, Any]) -> st.SearchStrategy[Any]:
    """An object with some members replaced, or left out."""
    return st.dictionaries(st.sampled_from(sorted(good)), values, max_size=3).map(
        lambda odd: {k: v for k, v in (good | odd).items() if v != "left out"}
    )


results = st.one_of(
    values, hex_text, changed(HEADER), changed(LOG), st.lists(changed(LOG), max_size=3)
)
errors = st.one_of(
    values,
    st.fixed_dictionaries(
        {
            "code": st.one_of(
                values, st.sampled_from([3, -32000, -32005, -32015, -32601, -32602, -32603, 429])
            ),
            "message": st.one_of(
                values,
                st.text(max_size=30),
                st.sampled_from(
                    [
                        "execution reverted",
                        "header not found",
                        "limit exceeded",
                        f"no access for {KEY}",
                        "Try with this block range [0x1, 0x5]",
                        "limited to a 10 block range",
                    ]
                ),
            ),
            "data": st.one_of(values, hex_text, hex_text.map(lambda text: f"Reverted {text}")),
        }
    ),
)
Member = dict[str, Any]
members = st.one_of(
    results.map(lambda r: {"result": r}),
    errors.map(lambda e: {"error": e}),
    st.tuples(results, errors).map(lambda both: {"result": both[0], "error": both[1]}),
    values.map(lambda i: {"id": i, "result": "0x1"}),
    st.just({}),
)
bodies = st.one_of(
    st.binary(max_size=60),
    values.map(lambda v: json.dumps(v).encode()),
    st.sampled_from(
        [b"", b"<html></html>", b"[" * 5_000, b'{"jsonrpc":"2.0","id":1,"res', b"9" * 5_000]
    ),
)

ASK: dict[str, Callable[[Node], object]] = {
    "eth_chainId": lambda node: None,
    "eth_getBlockByNumber": lambda node: (node.resolve("latest"), node.headers([9])),
    "eth_getBlockByHash": lambda node: node.resolve(BLOCK.hash),
    "eth_getLogs": lambda node: list(node.logs([LogFilter((A,), (T,)), LogFilter((A,))], 5, 9)),
    "eth_call": lambda node: node.read(BLOCK, [ReadRequest("call", A, f"0x{n}0") for n in "12345"]),
    "eth_getStorageAt": lambda node: node.read(
        BLOCK, [ReadRequest("slot", A, f"0x{n:064x}") for n in range(5)]
    ),
    "eth_getCode": lambda node: node.read(BLOCK, [ReadRequest("code_hash", A, "0x")]),
}


class Wire:
    """Stands for HTTP: answers honestly but for one method, or with bodies as they are."""

    def __init__(self) -> None:
        self.method = ""
        self.members: list[Member] = []
        self.bodies: list[bytes] = []
        self.at = 0

    def next(self, of: list[Any]) -> Any:
        self.at += 1
        return of[self.at % len(of)]

    def post(self, _session: object, _url: str, body: bytes, *_: object, **__: object) -> Reply:
        if self.bodies:
            return Reply(200, {}, self.next(self.bodies))
        asked = json.loads(body)
        items = asked if isinstance(asked, list) else [asked]
        answers = [
            {"jsonrpc": "2.0", "id": item["id"]}
            | (
                self.next(self.members)
                if item["method"] == self.method
                else {"result": self.honest(item["method"], item["params"])}
            )
            for item in items
        ]
        whole = answers if isinstance(asked, list) else answers[0]
        return Reply(200, {}, json.dumps(whole).encode())

    @staticmethod
    def honest(method: str, params: list[Any]) -> Any:
        if method == "eth_chainId":
            return "0x1"
        if method.startswith("eth_getBlock"):
            return HEADER | ({"number": params[0]} if str(params[0])[:2] == "0x" else {})
        if method == "eth_call":
            return params[0]["data"]
        return {"eth_getLogs": [LOG], "eth_getStorageAt": "0x" + "00" * 32}.get(method, "0x")


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(endpoint_module, "post_bounded", wire.post)
    return wire


def ask(work: Callable[[Node], object]) -> None:
    """Does the work on two endpoints; anything but one of our errors in one line fails."""
    try:
        node = Node(
            [f"http://127.0.0.1:1/{KEY}", f"http://127.0.0.1:2/{KEY}"],
            pace=lambda: Pace(sleep=lambda seconds: None),
        )
        work(node)
        said = ""
    except AnalyzerError as error:
        said = str(error)
    assert KEY not in said
    assert len(said) < 2_000
    assert "\n" not in said


PROFILE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("method", ASK)
@PROFILE
@given(data=st.data())
def test_any_json_in_place_of_an_answer(wire: Wire, method: str, data: st.DataObject) -> None:
    wire.method, wire.at = method, 0
    wire.members = data.draw(st.lists(members, min_size=1, max_size=3))
    ask(ASK[method])
    assert wire.at > 0


@PROFILE
@given(found=st.lists(bodies, min_size=1, max_size=3))
def test_any_bytes_in_place_of_a_body(wire: Wire, found: list[bytes]) -> None:
    wire.bodies, wire.at = found, 0
    ask(ASK["eth_getLogs"])


@settings(max_examples=500, deadline=None)
@given(error=errors)
@example(error={"code": 3, "data": "0x08c379a0" + "f" * 128})
@example(error={"code": 3, "data": "0x08c379a0" + f"{32:064x}{4:064x}" + "ff" * 32})
@example(error={"code": 3, "data": "0x4e487b71" + "f" * 64})
def test_any_error_has_a_meaning(error: Any) -> None:
    fault = read_fault(error)
    assert len(revert_text(fault)) <= 602  # a message, and what its data says
    assert str(fault).isprintable()
    suggested_range(fault.message)
    stated_span(fault.message)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(), st.from_regex(r"[Tt]ry with .{0,20}\[[0-9xa-f, -]{0,60}\]")))
def test_any_words_are_advice_or_none(text: str) -> None:
    found = suggested_range(text)
    assert found is None or 0 <= found[0] <= found[1] < 2**64
    span = stated_span(text)
    assert span is None or 0 < span < 10**20
