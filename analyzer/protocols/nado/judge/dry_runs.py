"""Liquidations of an account, tried by a call that needs no rights and changes nothing.

The Endpoint's `submitTransactionsCheckedWithGasLimit` executes a batch and always reverts, with
`G 1` and the gas where all of it went through, else with the reason of the refusal. The request is
one of the NLP's main account, which neither signs nor pays. Source: `Endpoint.sol`; spec section
17.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzer.abi.codec import encode_values
from analyzer.protocols.base import Judge
from analyzer.protocols.kit.judging import Question, ask
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts
from analyzer.protocols.nado.account_ids import N, key
from analyzer.protocols.nado.arithmetic import part
from analyzer.protocols.nado.deployments import ABI_FOLDER
from analyzer.protocols.nado.value.health import matched
from analyzer.protocols.nado.value.liquidation.call import FINALISATION, Call, Mode
from analyzer.protocols.nado.value.liquidation.steps import Step, candidates, refusal
from analyzer.protocols.nado.value.value import NadoValued

PASSES = "G 1"
"""What the revert begins with where the liquidation would go through."""
_LIQUIDATE = b"\0"
"""The request's type, its first byte."""
_REQUEST = "((bytes32,bytes32,uint32,bool,int128,uint64),bytes)"
_GAS = 2**255


def dry_runs(valued: NadoValued, account_id: str) -> Iterator[Judge]:
    """The finalisation, the whole of every perp, spot and spread that the account has, and of each
    step that goes through for a part only the most, and one unit more."""
    for call in _calls(valued, account_id):
        try:
            reason = refusal(valued.valuation, call)
        except UnreadableNumberError:
            continue
        yield from _judge(valued, call, reason)


def _calls(valued: NadoValued, account_id: str) -> Iterator[Call]:
    """The calls that are tried, each once."""
    whole = list(_whole(valued, account_id))
    yield from whole
    yield from (call for call in _bounds(valued, account_id, whole) if call not in whole)


def _whole(valued: NadoValued, account_id: str) -> Iterator[Call]:
    """Everything of each kind at once."""
    numbers = valued.valuation.compute(valued.state.accounts[account_id])
    spots, perps = numbers.held.spots, numbers.held.perps
    for call in candidates(valued.valuation, account_id, N):
        if call.product == FINALISATION:
            amount = 0
        elif call.is_spread:
            spot, perp = call.legs
            size = matched(spots.get(spot, 0), perps.get(perp, (0, 0))[0])
            increment = valued.state.perps[perp].size_increment or 1
            amount = part(size, increment) * increment * call.amount
        elif call.product in spots:
            amount = spots[call.product]
        else:
            amount = perps[call.product][0]
        if amount or call.product == FINALISATION:
            yield replace(call, amount=amount)


def _bounds(valued: NadoValued, account_id: str, whole: Sequence[Call]) -> Iterator[Call]:
    """The most that goes through of each step, and one unit more, where that is not the whole."""
    numbers = valued.valuation.compute(valued.state.accounts[account_id])
    if numbers.maintenance.total >= 0 or account_id == N:
        return
    for step in valued.steps(account_id):
        if step.outcome.mode is not Mode.FINALISATION and step.call not in whole:
            amount = step.call.amount
            yield step.call
            more = _unit(valued, step) * (1 if amount > 0 else -1)
            yield replace(step.call, amount=amount + more)


def _unit(valued: NadoValued, step: Step) -> int:
    """The increment of what a step closes."""
    if step.outcome.mode is Mode.SPOT:
        return 1
    product = step.call.legs[1] if step.call.is_spread else step.call.product
    return valued.state.perps[product].size_increment


def _judge(valued: NadoValued, call: Call, reason: str | None) -> Iterator[Judge]:
    """The judge of one call; reason: of the refusal, None where it goes through."""
    state = valued.state
    request = _LIQUIDATE + encode_values(
        [_REQUEST],
        [
            (
                (
                    key(call.sender),
                    key(call.liquidated),
                    call.product,
                    call.is_spread,
                    call.amount,
                    0,
                ),
                b"",
            )
        ],
    )
    question = Question(
        f"{ABI_FOLDER}/Endpoint",
        state.contracts["Endpoint"],
        "submitTransactionsCheckedWithGasLimit",
        (state.submissions, (request,), _GAS),
        ("liquidation.dry_run",),
        call.liquidated,
        named="Endpoint.liquidateSubaccount",
    )
    yield from ask(question, reverts("dry run", PASSES if reason is None else reason))
