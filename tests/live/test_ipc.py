"""The socket of a real node: it answers what the same node answers over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from analyzer.chain.endpoint import Endpoint
from analyzer.chain.node import Node
from analyzer.devnet.chain import Anvil
from analyzer.devnet.packages import anvil_binary, fetch

pytestmark = pytest.mark.chain

CHAIN_ID, GENESIS_TIME = 31_337, 1_700_000_000
BLOCKS = 300
"""More than a first batch has requests, so that headers come in several."""


@dataclass
class AnvilWithSocket(Anvil):
    """anvil, which makes a socket too."""

    socket: Path = Path("anvil.ipc")

    def _command(self, cache: str) -> list[str]:
        return [*super()._command(cache), "--ipc", str(self.socket)]


def test_the_socket_of_anvil_answers_what_it_answers_over_http(tmp_path: Path) -> None:
    path = tmp_path / "anvil.ipc"
    with AnvilWithSocket(anvil_binary(fetch()), CHAIN_ID, GENESIS_TIME, socket=path) as anvil:
        anvil.rpc("anvil_mine", hex(BLOCKS))
        url = f"ipc:{path}"
        over_http, over_ipc = Node([anvil.url]), Node([url], chain_id=CHAIN_ID)
        numbers = list(range(BLOCKS + 1))
        assert over_ipc.whole_headers(numbers) == over_http.whole_headers(numbers)
        (name, *can), (_, *can_over_http) = over_ipc.capabilities()[0], over_http.capabilities()[0]
        assert (name, can) == ("ipc:anvil.ipc", can_over_http)
        body = b'{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",true]}'
        first, second = Endpoint.of(anvil.url), Endpoint.of(url)
        answers = [orjson.loads(one.post(body)) for one in (first, second)]
        assert answers[0] == answers[1]
        assert answers[0]["result"]["number"] == hex(BLOCKS)
        first.close()
        second.close()
        over_http.close()
        over_ipc.close()
