"""A small chain behind a node that can be given faults, and a client that never waits."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from bank import contract_answers, small_story

from analyzer.testing import InMemory, MemoryChain

Rpc = Callable[..., Any]


@pytest.fixture
def chain() -> MemoryChain:
    chain = small_story(MemoryChain())
    chain.answer = contract_answers(chain)
    return chain


@pytest.fixture
def source(chain: MemoryChain) -> InMemory:
    return InMemory(chain)


@pytest.fixture
def post() -> Rpc:
    """Posts a JSON document and gives the answer's."""

    def post(url: str, document: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(document).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.loads(response.read())

    return post


@pytest.fixture
def rpc(post: Rpc) -> Rpc:
    """Asks one request: the result, or the error as it is."""

    def rpc(url: str, method: str, *params: Any) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = post(url, asked)
        return answer["result"] if "result" in answer else answer["error"]

    return rpc
