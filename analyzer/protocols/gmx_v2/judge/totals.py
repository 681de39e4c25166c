"""Control totals: the ledger against the lists, counts and sums that the DataStore stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.model.rows import Proves, TotalRow
from analyzer.protocols.gmx_v2.fixed_point import apply_factor
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.state.evidence import Evidence
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.state.whole import (
    Stored,
    stored_numbers,
    total_borrowing_key,
    virtual_key,
)
from analyzer.protocols.gmx_v2.value.value import GmxValued

EXACT = "exact: the last log of a number is what is stored"
_UNITS = {
    "OPEN_INTEREST": "USD, 30 decimals",
    "OPEN_INTEREST_IN_TOKENS": "raw index tokens",
    "COLLATERAL_SUM": "raw collateral",
    "TOTAL_PENDING_IMPACT_AMOUNT": "raw index tokens",
}


def totals(valued: GmxValued) -> list[TotalRow]:
    """Every total of the book."""
    state = valued.state
    if state.evidence is None:
        return []
    return [
        *_lists(state, state.evidence),
        *_sums(state, state.evidence),
        *_stored(state.evidence),
        *_virtual(state, state.evidence),
        _rules(state.evidence),
    ]


def _lists(state: GmxState, evidence: Evidence) -> Iterator[TotalRow]:
    """Every market and every open position that there is, by name and by number."""
    found = evidence.must_exist
    for name, rebuilt, count, listed, proves in (
        ("markets", state.markets, found.market_count, found.markets, Proves.LIST),
        ("positions", state.positions, found.position_count, found.positions, Proves.ACCOUNTS),
    ):
        yield TotalRow(
            name=name,
            identity=f"{name} of the logs = count of the DataStore's list",
            unit=name,
            rebuilt=len(rebuilt),
            on_chain=count,
            allowed=0,
            why="exact: each is listed when it is made and taken off when it is closed",
            proves=proves,
        )
        same = None if listed is None else len({key.lower() for key in listed} & _lower(rebuilt))
        yield TotalRow(
            name=f"{name} by key",
            identity=f"{name} of the logs that are in the DataStore's list = all of them",
            unit=name,
            rebuilt=len(rebuilt),
            on_chain=same,
            allowed=0,
            why="exact",
        )


def _lower(keys: Iterable[str]) -> set[str]:
    """Keys without regard to case."""
    return {key.lower() for key in keys}


def _sums(state: GmxState, evidence: Evidence) -> Iterator[TotalRow]:
    """The positions of every market, side and collateral add up to what the DataStore stores."""
    found = evidence.must_exist.stored
    for stored in stored_numbers(evidence.ledger):
        if stored.name not in _UNITS:
            continue
        held = [p for p in state.positions.values() if _is_of(p, stored)]
        yield TotalRow(
            name=f"sum of {stored.name} {_place(state, stored)}",
            identity=f"sum over the positions = {stored.name} as stored",
            unit=_UNITS[stored.name],
            rebuilt=sum(_part(stored.name, position) for position in held),
            on_chain=found.get(stored.key.hex()),
            allowed=0,
            why="exact: every change of a position changes the sum by as much",
            proves=Proves.ACCOUNTS,
        )
    for market in state.markets:
        for is_long in (True, False):
            held = [
                p for p in state.positions.values() if p.market == market and p.is_long == is_long
            ]
            side = "longs" if is_long else "shorts"
            yield TotalRow(
                name=f"sum of TOTAL_BORROWING {state.symbol(market)} {side}",
                identity="sum of size x borrowing factor of the positions = TOTAL_BORROWING",
                unit="USD, 30 decimals",
                rebuilt=sum(apply_factor(p.size_in_usd, p.borrowing_factor) for p in held),
                on_chain=found.get(total_borrowing_key(market, is_long).hex()),
                allowed=0,
                why="exact: each position adds its own truncated product",
                proves=Proves.ACCOUNTS,
            )


def _is_of(position: Position, stored: Stored) -> bool:
    """Whether a position is one of those that a stored sum is over."""
    return (
        position.market == stored.market
        and stored.token in ("", position.collateral_token)
        and stored.is_long in (None, position.is_long)
    )


def _part(name: str, position: Position) -> int:
    """What a position adds to a stored sum."""
    return {
        "OPEN_INTEREST": position.size_in_usd,
        "OPEN_INTEREST_IN_TOKENS": position.size_in_tokens,
        "COLLATERAL_SUM": position.collateral_amount,
        "TOTAL_PENDING_IMPACT_AMOUNT": position.pending_impact_amount,
    }[name]


def _place(state: GmxState, stored: Stored) -> str:
    """Market, side and collateral of a stored number, for people."""
    words = [state.symbol(stored.market)]
    if stored.is_long is not None:
        words.append("longs" if stored.is_long else "shorts")
    if stored.token:
        words.append(state.tokens[stored.token].symbol)
    return " ".join(words)


def _stored(evidence: Evidence) -> Iterator[TotalRow]:
    """Every number of the logs that is stored too, by name: how many, and how many are equal."""
    found, wrong = evidence.must_exist.stored, list[str]()
    names: dict[str, list[int | None]] = {}
    for stored in stored_numbers(evidence.ledger):
        on_chain = found.get(stored.key.hex())
        equal = None if on_chain is None else int(on_chain == stored.rebuilt)
        names.setdefault(stored.name, []).append(equal)
        if equal == 0:
            wrong.append(f"{stored.name}: {stored.rebuilt} rebuilt, {on_chain} stored")
    for name, results in names.items():
        known = [result for result in results if result is not None]
        examples = "; ".join(text for text in wrong if text.startswith(f"{name}:"))[:300]
        yield TotalRow(
            name=f"{name} by the logs",
            identity=f"{name} by the logs = {name} as stored, key by key",
            unit="keys",
            rebuilt=len(results),
            on_chain=sum(known) if len(known) == len(results) else None,
            allowed=0,
            why=examples or EXACT,
        )


def _virtual(state: GmxState, evidence: Evidence) -> Iterator[TotalRow]:
    """The shared inventory for positions: the logs carry the one that balances are counted in,
    USD or index tokens."""
    in_tokens = state.settings["USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"] == 1
    for virtual_id, logged in evidence.ledger.virtual.items():
        stored = evidence.must_exist.stored.get(virtual_key(virtual_id, in_tokens=in_tokens).hex())
        yield TotalRow(
            name=f"virtual inventory {virtual_id[:10]}",
            identity="inventory for positions by the logs = as stored",
            unit="raw index tokens" if in_tokens else "USD, 30 decimals",
            rebuilt=logged,
            on_chain=stored,
            allowed=0,
            why=EXACT,
        )


def _rules(evidence: Evidence) -> TotalRow:
    """Nothing in the logs contradicts itself."""
    notes = evidence.ledger.notes
    examples = "; ".join(f"{n.kind} at {n.block_number}.{n.log_index}: {n.text}" for n in notes[:3])
    return TotalRow(
        name="logs that do not fit together",
        identity="events whose change does not lead to what they say = 0",
        unit="events",
        rebuilt=len(notes),
        on_chain=0,
        allowed=0,
        why=examples or f"{evidence.ledger.events} events were folded",
    )
