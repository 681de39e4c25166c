"""What is asked of a node in one go: each request once, and only as much as an answer can hold."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.reads import ReadRequest


def distinct(requests: Sequence[ReadRequest]) -> tuple[list[ReadRequest], list[int]]:
    """(the different requests, in lower case; for each request its place among them)."""
    places: list[int] = []
    wanted: list[ReadRequest] = []
    known: dict[tuple[str, str, str], int] = {}
    for request in requests:
        to, data = request.to.lower(), request.data.lower()
        key = (request.kind, to, data)
        place = known.get(key)
        if place is None:
            place = known[key] = len(wanted)
            if to != request.to or data != request.data:
                request = ReadRequest(request.kind, to, data, label=request.label)
            wanted.append(request)
        places.append(place)
    return wanted, places


def at_places(wanted: Sequence[ReadRequest], places: Sequence[int]) -> list[ReadRequest]:
    """The requests at some places."""
    return [wanted[place] for place in places]


def within(requests: Sequence[ReadRequest], most: int) -> Sequence[ReadRequest]:
    """As many of the first requests as fit into `most` bytes of calldata, at least one."""
    total = 0
    for count, request in enumerate(requests):
        total += len(request.data) // 2 + 24
        if total > most and count:
            return requests[:count]
    return requests
