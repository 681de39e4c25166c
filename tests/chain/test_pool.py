from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fake_node import FakeNode, RefusedError

from analyzer.chain.faults import Fault, FaultKind
from analyzer.chain.pace import Pace
from analyzer.chain.pool import Pool, RpcError
from analyzer.model.errors import InputError, UnreadError

LIMIT = {"code": -32005, "message": "limit exceeded"}


@pytest.fixture
def pools(clock: Any) -> Iterator[Any]:
    made: list[Pool] = []

    def open_(*urls: str, **options: Any) -> Pool:
        pace = lambda: Pace(clock=clock.time, sleep=clock.sleep)  # noqa: E731
        made.append(Pool(urls, pace=pace, **options))
        return made[-1]

    yield open_
    for pool in made:
        pool.close()


def numbers(pool: Pool, count: int) -> list[object]:
    """The numbers of the first blocks, in one batch."""
    answers = pool.batch([("eth_getBlockByNumber", [hex(n), False]) for n in range(count)])
    return [int(a["number"], 16) if isinstance(a, dict) else a for a in answers]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429},
        {"status": 429, "headers": {"Retry-After": "2"}},
        {"status": 503},
        {"status": 502, "body": b"<html>bad gateway</html>"},
        {"status": 400, "body": b"bad request"},
        {"status": 500},
        {"status": 504},
        {"status": 524},
        {"body": b"<html><body>Just a moment...</body></html>"},
        {"body": b"\n"},
        {"body": b'[{"jsonrpc": "2.0", "id": 1, "res'},
        {"body": b"\xff\xfe\x00{"},
        {"body": b"{}"},
        {"body": b"[]"},
        {"body": b"null"},
        {"body": b'[{"id": 99, "result": {}}, 7, null, "x"]'},
        {"drop": True},
        {"error": LIMIT},
        {"error": {"code": 429, "message": "Too many requests"}},
        {"error": {"code": -32603, "message": "Internal error"}},
    ],
    ids=str,
)
def test_passing_faults_are_retried_until_the_answer_comes(
    fake: FakeNode, pools: Any, clock: Any, fault: dict[str, Any]
) -> None:
    pool = pools(fake.url)
    fake.fail_next(3, **fault)
    assert numbers(pool, 5) == [0, 1, 2, 3, 4]
    waits = [s for s in clock.slept if s]
    assert len(waits) >= 3
    # Three first waits of a quarter of a second, of which jitter takes at most the half.
    assert sum(waits) >= (6 if "headers" in fault else 3 * 0.125)


def test_retry_after_is_honoured(fake: FakeNode, pools: Any, clock: Any) -> None:
    pool = pools(fake.url)
    fake.fail_next(1, status=429, headers={"Retry-After": "45"})
    before = clock.now
    assert numbers(pool, 1) == [0]
    assert clock.now - before >= 45


def test_a_pause_of_many_minutes_ends_the_run_and_is_said(
    fake: FakeNode, pools: Any, clock: Any
) -> None:
    pool = pools(fake.url)
    fake.fail_next(1, status=429, headers={"Retry-After": "500"})
    with pytest.raises(UnreadError, match="HTTP 429 and asks to come back in 500 s"):
        numbers(pool, 1)
    assert clock.now < 1


def test_only_the_limited_requests_of_a_batch_are_asked_again(fake: FakeNode, pools: Any) -> None:
    pool = pools(fake.url)
    refused = {3, 7}

    def header(params: list[Any]) -> Any:
        number = int(params[0], 16)
        if number in refused:
            refused.remove(number)
            raise RefusedError(**LIMIT)
        return fake.headers[number]

    fake.methods["eth_getBlockByNumber"] = header
    assert numbers(pool, 10) == list(range(10))
    assert [int(p[0], 16) for p in fake.asked("eth_getBlockByNumber")] == [*range(10), 3, 7]


def test_an_answer_that_lacks_some_of_the_batch_is_completed(fake: FakeNode, pools: Any) -> None:
    pool = pools(fake.url)
    original, first = fake._answer, [True]

    def forgetful(asked: Any, error: Any) -> bytes:
        kept = asked[:-2] if first.pop() else asked
        first.append(False)
        return original(kept, error)

    fake._answer = forgetful  # type: ignore[method-assign]
    assert numbers(pool, 6) == [0, 1, 2, 3, 4, 5]


def test_batches_shrink_to_what_the_node_takes_and_stay_there(fake: FakeNode, pools: Any) -> None:
    fake.largest_batch = 7
    pool = pools(fake.url)
    assert numbers(pool, 30) == list(range(30))
    posts = fake.posts
    assert numbers(pool, 30) == list(range(30))
    assert pool.endpoint.batch.now <= 7
    assert fake.posts - posts == -(-30 // pool.endpoint.batch.now)


def test_a_node_without_batches_is_asked_one_by_one(fake: FakeNode, pools: Any) -> None:
    fake.largest_batch = 1
    pool = pools(fake.url)
    assert numbers(pool, 6) == [0, 1, 2, 3, 4, 5]
    assert pool.endpoint.batch.now == 1


def test_a_limited_endpoint_is_asked_more_slowly_and_then_faster_again(
    fake: FakeNode, pools: Any, clock: Any
) -> None:
    pool = pools(fake.url)
    fake.fail_next(2, status=429)
    numbers(pool, 1)
    slow = pool._paces[0].per_second
    assert slow is not None
    for _ in range(20):
        numbers(pool, 1)
    assert pool._paces[0].per_second > slow


def test_a_dead_endpoint_is_replaced_and_the_chain_id_checked(
    fake: FakeNode, other: FakeNode, pools: Any
) -> None:
    pool = pools(fake.url, other.url)
    fake.fail_next(100, status=503)
    assert numbers(pool, 3) == [0, 1, 2]
    assert pool.endpoint.name == other.url
    assert other.requests[0] == ("eth_chainId", [])


def test_an_endpoint_of_another_chain_is_refused_by_name_and_never_used(
    fake: FakeNode, other: FakeNode, pools: Any
) -> None:
    other.chain_id = 5
    pool = pools(fake.url, other.url)
    fake.fail_next(100, status=503)
    with pytest.raises(UnreadError, match=f"{other.url} is of chain 5, not of chain 1337"):
        numbers(pool, 3)
    assert other.requests == [("eth_chainId", [])]


def test_the_chain_id_is_checked_again_when_the_pool_comes_back(
    fake: FakeNode, other: FakeNode, pools: Any
) -> None:
    pool = pools(fake.url, other.url)
    fake.fail_next(3, status=503)
    numbers(pool, 1)
    fake.chain_id = 9
    other.fail_next(100, status=503)
    with pytest.raises(UnreadError, match="is of chain 9, not of chain 1337"):
        numbers(pool, 1)


def test_only_wrong_chains_are_an_input_error(fake: FakeNode, other: FakeNode, pools: Any) -> None:
    other.chain_id = 5
    with pytest.raises(InputError) as caught:
        pools(fake.url, other.url, chain_id=10)
    assert str(caught.value) == (
        f"{fake.url} is of chain 1337, not of chain 10; {other.url} is of chain 5, not of chain 10"
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "answered HTTP 401"),
        ({"status": 404}, "answered HTTP 404"),
        ({"body": b"<html>hello</html>"}, "answered no JSON ('<html>hello</html>')"),
        ({"body": b'{"hello": 1}'}, "gives no chain id"),
        ({"drop": True}, "dropped the connection"),
    ],
    ids=str,
)
def test_what_is_no_node_is_said_in_one_line_without_the_key(
    fake: FakeNode, pools: Any, fault: dict[str, Any], words: str
) -> None:
    fake.fail_next(100, **fault)
    with pytest.raises(UnreadError) as caught:
        pools(f"{fake.url}/v3/s3cretkey?k=s3cretkey")
    assert words in str(caught.value)
    assert f"{fake.url}/***" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_connection_is_said_as_such(pools: Any) -> None:
    with FakeNode() as gone:
        url = gone.url
    with pytest.raises(UnreadError, match="cannot be reached: connection refused"):
        pools(url)


def test_a_node_that_repeats_the_key_in_its_error_does_not_give_it_away(
    fake: FakeNode, pools: Any
) -> None:
    pool = pools(f"{fake.url}/s3cretkey")
    fake.fail_next(100, error={"code": -32000, "message": "no access for project s3cretkey"})
    with pytest.raises(RpcError) as caught:
        pool.call("eth_getBlockByNumber", ["0x1", False])
    assert str(caught.value).endswith(
        "eth_getBlockByNumber: no access for project *** (code -32000)"
    )
    assert "s3cret" not in str(caught.value)


def test_a_node_that_lacks_state_is_left_for_one_that_may_have_it(
    fake: FakeNode, other: FakeNode, pools: Any
) -> None:
    fake.no_state_before = 20
    pool = pools(fake.url, other.url)
    assert pool.batch([("eth_getCode", ["0x" + "11" * 20, "0x5"])]) == ["0x"]
    other.no_state_before = 20
    (answer,) = pool.batch([("eth_getCode", ["0x" + "11" * 20, "0x5"])])
    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.NO_STATE


def test_endless_limits_end_as_a_fault_not_as_an_endless_wait(
    fake: FakeNode, pools: Any, clock: Any
) -> None:
    pool = pools(fake.url)
    fake.fail_next(1000, error=LIMIT)
    (answer,) = pool.batch([("eth_getCode", ["0x" + "11" * 20, "0x5"])])
    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.LIMIT
    assert clock.now < 120


@pytest.mark.parametrize(
    "id_of",
    [str, float, int, lambda i: f"{i}"],
    ids=["text", "float", "number", "formatted"],
)
def test_ids_that_come_back_in_another_form_are_known(
    fake: FakeNode, pools: Any, id_of: Any
) -> None:
    answer_ids(fake, id_of)
    assert numbers(pools(fake.url), 3) == [0, 1, 2]


@pytest.mark.parametrize(
    "odd", [[1], {}, None, True, "one", "1.5", 1.5, "9" * 5000, 1e300, -1, {"id": 1}], ids=str
)
def test_ids_that_are_none_are_one_line(fake: FakeNode, pools: Any, odd: Any) -> None:
    answer_ids(fake, lambda i: odd)
    with pytest.raises(UnreadError, match="gives no chain id"):
        pools(fake.url)


def answer_ids(fake: FakeNode, id_of: Any) -> None:
    """Makes the node answer with other ids."""
    original = fake._answer

    def changed(asked: Any, error: Any) -> bytes:
        whole = json.loads(original(asked, error))
        items = whole if isinstance(whole, list) else [whole]
        for item in items:
            item["id"] = id_of(item["id"])
        return json.dumps(whole).encode()

    fake._answer = changed  # type: ignore[method-assign]


def test_a_byte_order_mark_does_no_harm(fake: FakeNode, pools: Any) -> None:
    original = fake._answer
    fake._answer = lambda a, e: b"\xef\xbb\xbf" + original(a, e)  # type: ignore[method-assign]
    assert numbers(pools(fake.url), 3) == [0, 1, 2]


def test_two_answers_to_one_request_are_none(fake: FakeNode, pools: Any) -> None:
    pool = pools(fake.url)
    original = fake._answer

    def twice(asked: Any, error: Any) -> bytes:
        whole = json.loads(original(asked, error))
        return json.dumps([*whole, whole[0] | {"result": "0x7"}]).encode()

    fake._answer = twice  # type: ignore[method-assign]
    answers = pool.batch([("eth_getCode", ["0x" + "11" * 20, hex(n)]) for n in range(2)])
    assert str(answers[0]) == "the node gave two answers to one request"
    assert answers[1] == "0x"


def never_more(pool: Pool, fake: FakeNode, most: int, fault: dict[str, Any]) -> None:
    """Makes the node answer larger batches with this fault."""
    original = fake._serve

    def serve(handler: Any) -> None:
        length = int(handler.headers["Content-Length"])
        body = handler.rfile.read(length)
        asked = json.loads(body)
        if isinstance(asked, list) and len(asked) > most:
            fake.fail_next(1, **fault)
        stream, handler.rfile = handler.rfile, io.BytesIO(body)
        original(handler)
        handler.rfile = stream

    fake._serve = serve  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "fault", [{"drop": True}, {"status": 413}, {"status": 429}, {"status": 502}, {"status": 400}]
)
def test_batches_that_are_dropped_or_refused_without_words_get_smaller_and_stay_so(
    fake: FakeNode, pools: Any, clock: Any, fault: dict[str, Any]
) -> None:
    pool = pools(fake.url)
    never_more(pool, fake, 6, fault)
    assert numbers(pool, 30) == list(range(30))
    posts = fake.posts
    assert numbers(pool, 12) == list(range(12))
    assert fake.posts - posts <= 4
    assert clock.now < 60


def test_a_long_batch_may_fail_here_and_there(fake: FakeNode, pools: Any) -> None:
    pool = pools(fake.url)
    pool.endpoint.batch.most = pool.endpoint.batch.now = 1
    original, count = fake._serve, itertools.count()

    def serve(handler: Any) -> None:
        if next(count) % 2:
            fake.fail_next(1, status=503)
        original(handler)

    fake._serve = serve  # type: ignore[method-assign]
    assert numbers(pool, 30) == list(range(30))


def test_a_number_that_cannot_be_is_asked_again_and_then_elsewhere(
    fake: FakeNode, other: FakeNode, pools: Any
) -> None:
    def header(place: int, result: object) -> object:
        if result == "odd":
            raise UnreadError("the answer is odd")
        return result

    pool = pools(fake.url, other.url)
    fake.methods["eth_getCode"] = lambda params: "odd"
    request = ("eth_getCode", ["0x" + "11" * 20, "0x5"])
    assert pool.batch([request], header) == ["0x"]
    assert pool.endpoint.name == other.url
    assert len(fake.asked("eth_getCode")) == 3
    other.methods["eth_getCode"] = fake.methods["eth_getCode"]
    (answer,) = pool.batch([request], header)
    assert isinstance(answer, Fault)
    assert (answer.kind, answer.message) == (FaultKind.MALFORMED, "the answer is odd")


def test_what_one_endpoint_does_not_answer_another_one_is_asked(
    fake: FakeNode, other: FakeNode, pools: Any
) -> None:
    def refuse(params: list[Any]) -> Any:
        raise RefusedError(-32000, "not on your plan")

    pool = pools(fake.url, other.url)
    fake.methods["eth_getCode"] = refuse
    assert pool.batch([("eth_getCode", ["0x" + "11" * 20, "0x5"])]) == ["0x"]


def test_an_answer_that_nobody_has_leaves_the_first_endpoint_in_use(
    fake: FakeNode, other: FakeNode, pools: Any
) -> None:
    def refuse(params: list[Any]) -> Any:
        raise RefusedError(-32000, "not on your plan")

    pool = pools(fake.url, other.url)
    fake.methods["eth_getCode"] = refuse
    other.fail_next(1000, drop=True)
    (answer,) = pool.batch([("eth_getCode", ["0x" + "11" * 20, "0x5"])])
    assert str(answer) == "not on your plan (code -32000)"
    assert pool.endpoint.name == fake.url


def test_who_probes_is_told_of_this_endpoint(fake: FakeNode, other: FakeNode, pools: Any) -> None:
    def refuse(params: list[Any]) -> Any:
        raise RefusedError(-32602, "too many arguments, want at most 2")

    pool = pools(fake.url, other.url)
    fake.methods["eth_call"] = refuse
    (answer,) = pool.batch([("eth_call", [{}, "0x5", {}])], probing=True)
    assert isinstance(answer, Fault)
    assert len(fake.asked("eth_call")) == 1
    assert other.requests == []


def test_a_key_that_an_answer_repeats_is_scrubbed_also_where_it_was_cut(
    fake: FakeNode, pools: Any
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    fake.methods["eth_chainId"] = lambda params: {
        "you sent me the path ......................": key
    }
    with pytest.raises(UnreadError) as caught:
        pools(f"{fake.url}/v3/{key}")
    assert "gives no chain id" in str(caught.value)
    assert key[:6] not in str(caught.value)
