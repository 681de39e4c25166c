"""The body of an answer taken apart: what belongs to one request is given to no other."""

from __future__ import annotations

import orjson
import pytest

from analyzer.abi.scan import LogText
from analyzer.chain.answers import read_answer
from analyzer.chain.endpoint import Endpoint

LOG = b'{"address":"0x1"}'


@pytest.mark.parametrize("own", [b"[0]", b"[-1]", b"[7]", b"[true]"])
def test_a_number_that_the_node_gives_is_not_taken_for_logs_that_were_cut(own: bytes) -> None:
    body = b'[{"id":1,"result":[%b]},{"id":2,"result": %b}]' % (LOG, own)
    assert read_answer(Endpoint("", "node", ()), body, [1, 2], logs=True) == [
        [orjson.loads(LOG)],
        orjson.loads(own),
    ]


def test_logs_of_compact_answers_stay_text_in_the_order_of_their_requests() -> None:
    body = b'[{"id":2,"result":[%b,%b]},{"id":1,"result":[]}]' % (LOG, LOG)
    assert read_answer(Endpoint("", "node", ()), body, [1, 2], logs=True) == [
        LogText(b""),
        LogText(LOG + b"," + LOG),
    ]
