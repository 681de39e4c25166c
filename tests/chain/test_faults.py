from __future__ import annotations

import pytest

from analyzer.chain.faults import (
    Fault,
    FaultKind,
    read_fault,
    revert_text,
    stated_span,
    suggested_range,
)

ALCHEMY = (
    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and"
    " no limit on the response size, or you can request any block range with a cap of 10K logs in"
    " the response. Based on your parameters and the response size limit, this block range should"
    " work: [0x0, 0x133e71]"
)
INFURA = "query returned more than 10000 results. Try with this block range [0xCB3D, 0x7B737]."
RETH = "query exceeds max results 20000, retry with the range 24383075-24383096"

# What providers and nodes really send, as public issue reports quote them.
TEXTS = [
    (FaultKind.RANGE, -32602, ALCHEMY),
    (FaultKind.RANGE, -32005, INFURA),
    (FaultKind.RANGE, -32602, RETH),
    (FaultKind.RANGE, -32602, "range 1000000 exceeds limit of 10000"),
    (FaultKind.RANGE, -32614, "eth_getLogs is limited to a 10,000 range"),
    (FaultKind.RANGE, -32000, "too wide blocks range, the limit is 100"),
    (
        FaultKind.RANGE,
        -32000,
        "requested too many blocks from 0 to 16777216, maximum is set to 2048",
    ),
    (FaultKind.RANGE, -32701, "exceed maximum block range: 50000"),
    (FaultKind.RANGE, -32602, "query exceeds max block range 100000"),
    (FaultKind.RANGE, 35, "ranges over 10000 blocks are not supported on freetier"),
    (FaultKind.RANGE, -32005, "Maximum allowed number of requested blocks is 1000"),
    (FaultKind.RANGE, -32000, "query returned more than 10000 results"),
    (FaultKind.RANGE, -32000, "block range is too large"),
    (
        FaultKind.RANGE,
        -32000,
        "block range is larger than max block range, block range = 5120, max block range = 5000",
    ),
    (FaultKind.RANGE, -32000, "Log response size exceeded. Please reduce query block range."),
    (FaultKind.RANGE, -32005, "Requested range exceeds maximum range limit"),
    (FaultKind.RANGE, -32000, "please limit the query to at most 1000 blocks"),
    (FaultKind.LIMIT, -32005, "something went wrong"),
    (FaultKind.LIMIT, -32000, "exceeded the limit"),
    (FaultKind.LIMIT, -32005, "limit exceeded"),
    (FaultKind.RATE, 429, "Your app has exceeded its compute units per second capacity."),
    (FaultKind.RATE, -32005, "daily request count exceeded, request rate limited"),
    (FaultKind.RATE, -32007, "50/second request limit reached - reduce calls per second"),
    (FaultKind.RATE, -32000, "Too Many Requests"),
    (FaultKind.NO_STATE, -32000, "missing trie node 5e1f (path ) state 0x5e1f is not available"),
    (FaultKind.NO_BLOCK, -32000, "header not found"),
    (FaultKind.NO_BLOCK, -32602, "BlockOutOfRangeError: block height is 1 but requested was 2457"),
    (FaultKind.NO_BLOCK, -32001, "Resource not found"),
    (FaultKind.NO_STATE, -32000, "required historical state unavailable (reexec=128)"),
    (FaultKind.NO_STATE, 4444, "pruned history unavailable"),
    (FaultKind.NO_BLOCK, -32000, "hash 0x1234 is not currently canonical"),
    (FaultKind.REVERT, 3, "execution reverted: CH_EAV"),
    (FaultKind.REVERT, -32000, "execution reverted"),
    (FaultKind.REVERT, -32015, "VM execution error."),
    (FaultKind.REVERT, -32603, "EVM error InvalidFEOpcode"),
    (FaultKind.REVERT, -32000, "invalid opcode: INVALID"),
    (FaultKind.OUT_OF_GAS, -32000, "out of gas"),
    (FaultKind.OUT_OF_GAS, -32603, "EVM error OutOfGas"),
    (FaultKind.OUT_OF_GAS, -32000, "err: intrinsic gas too low: have 50000000 (supplied gas 5)"),
    (FaultKind.BATCH, -32600, "batch too large"),
    (FaultKind.BATCH, -32000, "maximum batch size is 100"),
    (FaultKind.UNSUPPORTED, -32601, "the method eth_foo does not exist/is not available"),
    (FaultKind.UNSUPPORTED, -32602, "too many arguments, want at most 2"),
    (FaultKind.UNSUPPORTED, -32602, "invalid argument 1: json: cannot unmarshal object"),
    (FaultKind.TIMEOUT, -32002, "request timed out"),
    (FaultKind.TIMEOUT, -32000, "context deadline exceeded"),
    (FaultKind.TRANSIENT, -32603, "Internal error"),
    (FaultKind.TRANSIENT, -32000, "upstream connect error"),
    (FaultKind.OTHER, -32000, "this node does not answer 0x12345678"),
]


@pytest.mark.parametrize(("kind", "code", "text"), TEXTS, ids=[t[2][:40] for t in TEXTS])
def test_the_words_of_providers_are_understood(kind: FaultKind, code: int, text: str) -> None:
    assert read_fault({"code": code, "message": text}) == Fault(kind, code, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ALCHEMY, (0, 0x133E71)),
        (INFURA, (0xCB3D, 0x7B737)),
        (RETH, (24383075, 24383096)),
        ("Try with this block range [0x10, 0x5].", None),
        ("block range is too large", None),
    ],
)
def test_the_range_that_a_provider_suggests_is_read(
    text: str, expected: tuple[int, int] | None
) -> None:
    assert suggested_range(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eth_getLogs is limited to a 10,000 range", 10_000),
        ("eth_getLogs is limited to a 5 block range", 5),
        ("eth_getLogs is limited to 0 - 50 blocks range", 50),
        ("You can make eth_getLogs requests with up to a 500 block range.", 500),
        ("You can make eth_getLogs requests with up to a 2K block range", 2_000),
        ("range 1000000 exceeds limit of 10000", 10_000),
        ("range 9009594 is bigger than range limit 2000", 2_000),
        ("too wide blocks range, the limit is 100", 100),
        ("requested too many blocks from 0 to 16777216, maximum is set to 2048", 2_048),
        ("exceed maximum block range: 50000", 50_000),
        ("query exceeds max block range 100000", 100_000),
        ("ranges over 10000 blocks are not supported on freetier", 10_000),
        ("Maximum allowed number of requested blocks is 1000", 1_000),
        ("block range = 5120, max block range = 5000", 5_000),
        ("query returned more than 10000 results", None),
        ("block range is too large", None),
        ("query exceeds max results 20000", None),
    ],
)
def test_the_number_of_blocks_that_a_provider_allows_is_read(
    text: str, expected: int | None
) -> None:
    assert stated_span(text) == expected


def test_the_range_may_hide_in_the_error_data() -> None:
    payload = "range 9009594 is bigger than range limit 2000"
    fault = read_fault({"code": -32602, "message": "invalid params", "data": {"payload": payload}})
    assert (fault.kind, fault.message) == (FaultKind.RANGE, f"invalid params: {payload}")


@pytest.mark.parametrize(
    "data", ["0xae769b25", "Reverted 0xae769b25", {"data": "0xae769b25"}, {"result": "0xae769b25"}]
)
def test_revert_data_is_found_where_nodes_put_it(data: object) -> None:
    fault = read_fault({"code": -32000, "message": "VM failure", "data": data})
    assert (fault.kind, fault.data) == (FaultKind.REVERT, bytes.fromhex("ae769b25"))
    assert revert_text(fault) == "0xae769b25"


NODES_FAULTS = {
    FaultKind.NO_BLOCK: [
        "One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found",
        "header not found",
        "unknown block",
        "block not found: 0x136301",
    ],
    FaultKind.NO_STATE: [
        "missing trie node 5e1f (path ) state 0x5e1f is not available",
        "historical state 5e1f is not available",
        "pruned history unavailable",
    ],
    FaultKind.RATE: ["rate limit exceeded, retry in 1s", "429 Too Many Requests"],
    FaultKind.TRANSIENT: ["upstream connect error", "Internal error"],
    FaultKind.TIMEOUT: ["request timed out", "execution aborted (timeout = 5s)"],
    FaultKind.OUT_OF_GAS: ["out of gas"],
    FaultKind.UNSUPPORTED: ["the method eth_call does not exist/is not available"],
    FaultKind.OTHER: ["nothing that anybody knows"],
}


@pytest.mark.parametrize("data", ["0x136301", "0x08c379a0" + "00" * 64, {"data": "0x136301"}])
@pytest.mark.parametrize("code", [-32000, -32603, -32001, None])
def test_hex_in_the_data_makes_no_revert_of_a_nodes_fault(code: int | None, data: object) -> None:
    for kind, messages in NODES_FAULTS.items():
        for message in messages:
            fault = read_fault({"code": code, "message": message, "data": data})
            assert fault.kind is not FaultKind.REVERT, message
            assert fault.data is None
            if code == -32000:
                assert fault.kind is kind, message


# How clients say that the execution reverted.
REVERTS: list[dict[str, object]] = [
    {"code": 3, "message": "execution reverted: no", "data": "0xae769b25"},  # go-ethereum, erigon
    {"code": 3, "message": "", "data": "0xae769b25"},
    {"code": "3", "message": "error", "data": "0xae769b25"},
    {"code": -32000, "message": "Execution reverted", "data": "0xae769b25"},  # besu, arbitrum
    {"code": -32015, "message": "VM execution error.", "data": "Reverted 0xae769b25"},  # parity
    {"code": -32015, "message": "VM execution error", "data": "0xae769b25"},  # nethermind
    {"code": -32015, "message": "error", "data": "0xae769b25"},
    {"code": -32000, "message": "revert", "data": "0xae769b25"},
    {"code": -32000, "message": "something", "data": "Reverted 0xae769b25"},
    {  # hardhat
        "code": -32603,
        "message": "Error: VM Exception while processing transaction: reverted with a custom error",
        "data": {"message": "reverted", "data": "0xae769b25"},
    },
    {  # frontier, ganache
        "code": -32603,
        "message": "VM Exception while processing transaction: revert",
        "data": "0xae769b25",
    },
    {"code": -32000, "message": "rpc error: code = Unknown: evm reverted", "data": "0xae769b25"},
]


@pytest.mark.parametrize("error", REVERTS, ids=str)
def test_a_revert_is_one_where_code_or_words_say_so(error: dict[str, object]) -> None:
    fault = read_fault(error)
    assert (fault.kind, fault.data) == (FaultKind.REVERT, bytes.fromhex("ae769b25"))


def test_a_contracts_own_words_are_no_fault_of_the_node() -> None:
    for words in ("header not found", "rate limit exceeded", "out of gas", "batch too large"):
        fault = read_fault({"code": 3, "message": f"execution reverted: {words}", "data": "0x01"})
        assert fault.kind is FaultKind.REVERT


def test_what_moves_a_cursor_does_not_get_into_a_message() -> None:
    fault = read_fault({"code": 1, "message": "a\x1b[2Jb\u202ec\x00d\re"})
    assert fault.message == "a?[2Jb?c?d e"
    data = (
        bytes.fromhex("08c379a0") + (32).to_bytes(32) + (5).to_bytes(32) + b"a\x1b[2J" + bytes(27)
    )
    assert revert_text(Fault(FaultKind.REVERT, 3, "", data)) == "a?[2J"


@pytest.mark.parametrize(
    "text",
    [
        "Try with this block range [0x1, 082]",
        "Try with this block range [0x1, 0x1ffffffffffffffffffffffffffffff]",
        f"Try with this block range [1, {'9' * 5000}]",
        "Try with this block range [0x, 0x10]",
        "Try with this block range [-5, 10]",
        f"retry with the range 10-{'9' * 30}",
        "retry with the range 10-0x",
        "retry with the range 20-10",
        "Try with this block range [٣, ٤]",
    ],
    ids=lambda t: t[:50],
)
def test_a_range_that_cannot_be_read_is_no_advice(text: str) -> None:
    assert suggested_range(text) is None


@pytest.mark.parametrize(
    "text",
    [f"limited to a {'9' * 5000} block range", "limited to a , block range", "limit of 0 blocks"],
    ids=lambda t: t[:30],
)
def test_a_number_of_blocks_that_cannot_be_read_is_no_advice(text: str) -> None:
    assert stated_span(text) is None


def test_codes_come_as_text_and_as_floats_too() -> None:
    for code in (-32005, "-32005", -32005.0):
        assert read_fault({"code": code, "message": ""}).kind is FaultKind.LIMIT
    for odd in (True, 1e300, "9" * 400, [], {}, None):
        assert read_fault({"code": odd, "message": "x"}).code is None


def test_an_error_that_is_no_object_is_said_as_it_is() -> None:
    assert read_fault("  broken\n badly ") == Fault(FaultKind.OTHER, None, "broken badly")
    assert len(read_fault({"message": "<html>" * 1000}).message) == 300
