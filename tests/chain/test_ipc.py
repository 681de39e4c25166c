"""A node's socket: where an answer ends, and what is said when there is none."""

from __future__ import annotations

import socket
import threading
import time
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
import web3.providers.ipc  # noqa: F401  (it changes the recursion limit, which hypothesis watches)
from hypothesis import given
from hypothesis import strategies as st
from ipc_server import Answer, Write, ipc_server

from analyzer.chain.endpoint import Endpoint, TransportError, mask_url
from analyzer.chain.ipc import AnswerEnd, NoAnswerError
from analyzer.chain.pool import Pool
from analyzer.model.errors import InputError, UnreadError

BODY = b'{"jsonrpc":"2.0","id":1,"result":"0x539"}'
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(alphabet='{}[]"\\a\n\u00e9', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def test_web3_opens_the_socket_and_a_connection_is_kept(tmp_path: Path) -> None:
    seen: list[bytes] = []
    threads: set[int] = set()

    def answer(question: bytes, write: Write) -> None:
        seen.append(question)
        threads.add(threading.get_ident())
        write(BODY + b"\n")

    with ipc_server(tmp_path / "geth.ipc", answer) as url:
        endpoint = Endpoint.of(url)
        assert [endpoint.post(b"{}").strip() for _ in range(3)] == [BODY] * 3
        endpoint.close()
    assert seen == [b"{}\n"] * 3
    assert len(threads) == 1


@given(st.lists(JSON, max_size=3) | st.dictionaries(st.text(max_size=3), JSON), st.data())
def test_the_end_is_found_wherever_the_pieces_are_cut(value: object, data: st.DataObject) -> None:
    indented = orjson.OPT_INDENT_2 if data.draw(st.booleans()) else 0
    body = orjson.dumps(value, option=indented)
    cuts = data.draw(st.sets(st.integers(1, max(len(body) - 1, 1)), max_size=6))
    edges = sorted({0, *(cut for cut in cuts if cut < len(body)), len(body)})
    end = AnswerEnd()
    for first, last in pairwise(edges):
        assert not end.reached
        end.take(body[first:last])
    assert end.reached


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"HTTP/1.1 400 Bad Request", "no JSON-RPC"),
        (b"7", "no JSON-RPC"),
        (b"{}{}", "more than one"),
        (b'{}\n{"a', "more than one"),
        (b'{"a":"}"}""', "more than one"),
        (b"[1] 2", "more than one"),
        (b"{}}", "more than one"),
    ],
)
def test_what_is_not_one_answer_is_none(body: bytes, says: str) -> None:
    with pytest.raises(NoAnswerError, match=says):
        AnswerEnd().take(body)


def one_byte_at_a_time(_question: bytes, write: Write) -> None:
    for at in range(len(BODY)):
        write(BODY[at : at + 1])


def indented(_question: bytes, write: Write) -> None:
    write(b"\n\n" + orjson.dumps(orjson.loads(BODY), option=orjson.OPT_INDENT_2) + b"\r\n")


@pytest.mark.parametrize("answer", [one_byte_at_a_time, indented])
def test_an_answer_in_pieces_or_without_a_newline_is_whole(tmp_path: Path, answer: Answer) -> None:
    with ipc_server(tmp_path / "n", answer) as url:
        endpoint = Endpoint.of(url)
        for _ in range(2):
            assert orjson.loads(endpoint.post(b"{}")) == orjson.loads(BODY)
        endpoint.close()


def half(_question: bytes, write: Write) -> None:
    write(BODY[:-3])
    raise EOFError


def nothing(_question: bytes, _write: Write) -> None:
    raise EOFError


def two(_question: bytes, write: Write) -> None:
    write(BODY + b"\n" + BODY + b"\n")


def page(_question: bytes, write: Write) -> None:
    write(b"<html>no</html>\n")


def endless(_question: bytes, write: Write) -> None:
    while True:
        write(b" " * 65_536)


def silence(_question: bytes, write: Write) -> None:
    write(BODY[:5])
    time.sleep(1)


@pytest.mark.parametrize(
    ("answer", "says", "flags"),
    [
        (half, "ipc:n dropped the connection", (True, False, False)),
        (nothing, "ipc:n dropped the connection", (True, False, False)),
        (two, "ipc:n sent more than one answer to a question", (True, False, False)),
        (page, "ipc:n sent what is no JSON-RPC answer", (True, False, False)),
        (endless, "ipc:n sent an answer of more than 1 MB (", (True, True, True)),
        (silence, "ipc:n did not answer within 0.3 s", (True, True, False)),
    ],
)
def test_a_bad_answer_is_one_line_and_says_what_helps(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    says: str,
    flags: tuple[bool, bool, bool],
) -> None:
    monkeypatch.setenv("ANALYZER_MAX_ANSWER_MB", "1")
    with ipc_server(tmp_path / "n", answer) as url:
        endpoint = Endpoint.of(url)
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            endpoint.post(b"{}", timeout=0.3 if answer is silence else 20)
        assert time.monotonic() - started < 10
    error = caught.value
    assert str(error).startswith(says)
    assert (error.less, error.sure, error.final) == flags


def test_after_a_fault_and_after_a_restart_a_new_connection_answers(tmp_path: Path) -> None:
    path, answers = tmp_path / "n", [half]

    def answer(question: bytes, write: Write) -> None:
        if answers:
            answers.pop()(question, write)
        write(BODY)

    def once(_question: bytes, write: Write) -> None:
        write(BODY + b"\n")
        raise EOFError

    with ipc_server(path, answer) as url:
        endpoint = Endpoint.of(url)
        with pytest.raises(TransportError):
            endpoint.post(b"{}")
        assert endpoint.post(b"{}") == BODY
        endpoint.close()
    with ipc_server(path, once):
        for _ in range(3):
            assert endpoint.post(b"{}").strip() == BODY
            time.sleep(0.02)
        endpoint.close()


def test_an_answer_that_nobody_asked_for_is_not_the_next_questions(tmp_path: Path) -> None:
    late = threading.Event()

    def answer(question: bytes, write: Write) -> None:
        write(BODY + b"\n")
        if not late.is_set():
            late.wait(5)
            write(b'{"id":9}\n')

    with ipc_server(tmp_path / "n", answer) as url:
        endpoint = Endpoint.of(url)
        endpoint.post(b"{}")
        late.set()
        time.sleep(0.1)
        assert endpoint.post(b"{}").strip() == BODY
        endpoint.close()


def test_a_large_answer_is_read_in_time_that_grows_with_it(tmp_path: Path) -> None:
    log = b'{"address":"0x%040d","topics":["0x%064d"],"data":"0x%01000d"}' % (1, 2, 3)
    body = b'{"jsonrpc":"2.0","id":1,"result":[' + b",".join([log] * 20_000) + b"]}"
    with ipc_server(tmp_path / "n", lambda _question, write: write(body)) as url:
        endpoint = Endpoint.of(url)
        endpoint.post(b"{}")
        started = time.process_time()
        assert endpoint.post(b"{}") == body
        assert time.process_time() - started < 3
        endpoint.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # web3.py's, of what it could not connect
def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    def said(name: str) -> tuple[str, bool]:
        with pytest.raises(TransportError) as caught:
            Endpoint.of(f"ipc://{tmp_path}/{name}").post(b"{}")
        assert str(tmp_path) not in str(caught.value)
        return str(caught.value), caught.value.final

    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left"))
    assert said("none") == (
        "ipc:none cannot be reached: there is no such file; is the node running?",
        False,
    )
    assert said("file/x")[0].startswith("ipc:x cannot be reached: there is no such file")
    assert said("file") == ("ipc:file is no socket: name the file that the node makes", True)
    assert said("folder")[1]
    assert said("left") == ("ipc:left cannot be reached: no node listens there", False)


def test_a_socket_of_somebody_else_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, timeout: float = 2.0) -> socket.socket:
        raise PermissionError(13, "Permission denied", path)

    with ipc_server(tmp_path / "n", two) as url:
        monkeypatch.setattr("web3.providers.ipc.get_ipc_socket", refuse)
        with pytest.raises(TransportError, match="permission denied") as caught:
            Endpoint.of(url).post(b"{}")
    assert caught.value.final
    assert str(tmp_path) not in str(caught.value)


def test_a_pool_goes_on_to_the_next_endpoint_and_says_all_that_failed(tmp_path: Path) -> None:
    def chain_id(question: bytes, write: Write) -> None:
        write(orjson.dumps({"id": orjson.loads(question)["id"], "result": "0x539"}))

    missing = f"ipc:{tmp_path}/none"
    with ipc_server(tmp_path / "n", chain_id) as url:
        pool = Pool([missing, url])
        assert (pool.chain_id, pool.endpoint.name) == (1337, "ipc:n")
        pool.close()
    with pytest.raises(UnreadError, match=r"ipc:none cannot be reached.*ipc:n cannot be reached"):
        Pool([missing, url], tries=1)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ipc:/srv/alice/.ethereum/geth.ipc", "ipc:geth.ipc"),
        ("ipc:///srv/alice/reth.ipc", "ipc:reth.ipc"),
        (" ipc:node/geth.ipc ", "ipc:geth.ipc"),
    ],
)
def test_a_socket_is_shown_without_its_folders(url: str, shown: str) -> None:
    assert mask_url(url) == shown
    endpoint = Endpoint.of(url)
    assert "alice" not in endpoint.scrub(f"cannot do it at {endpoint.secrets[0]}")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ipc:", "has to name a file"),
        ("ipc:/srv/alice/", "has to name a file"),
        ("ipc:/srv/alice/a\x00b", "has to name a file"),
        ("ipc://alice/geth.ipc", "one / or three"),
        ("ipc:/srv/alice/" + "x" * 100, "more than 107 bytes"),
    ],
)
def test_a_malformed_path_is_an_input_error_that_names_no_folder(url: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        Endpoint.of(url)
    assert "alice" not in str(caught.value)
