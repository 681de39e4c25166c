"""What the rebuild predicted of liquidations that a local Aave V3 market then executed or refused.

Each was alone in its block, at the time of the block before: the state of that block is the state
it met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.chain.node import Node
from analyzer.indexer.index import Index
from analyzer.model.logs import Event
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.records.balances import Side, scaled_taken
from analyzer.protocols.aave_v3.state.state import state_of
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import NO_WORDS, Call, Liquidation, Outcome
from analyzer.runs.scanning.pipeline import rebuild_indexed

if TYPE_CHECKING:
    from analyzer.devnet.aave_v3.play import Liquidation as Executed
    from analyzer.devnet.aave_v3.play import Refused
    from analyzer.devnet.up import DevnetInfo

PROTOCOL = "aave-v3"
WITHOUT_WORDS = "execution reverted"
"""What a node says of a revert without data."""
OF_THE_TOKEN = "Token: "
"""The debt token itself refused (no allowance for a self-liquidation): the pool would not have."""


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


@dataclass
class Predictions:
    """How the predictions came out. faults: everything that is not as predicted."""

    executed: int = 0
    refused: int = 0
    deficits: int = 0
    kept: int = 0
    faults: list[str] = field(default_factory=list)


class Past:
    """Valuations of a local market at any of its blocks, and the events of one block."""

    def __init__(self, info: DevnetInfo, folder: Path) -> None:
        self.deployment = info.deployments[PROTOCOL]
        self.chain = Node([info.rpc])
        self.index = Index(folder / "past.index.duckdb")
        last = self.chain.resolve(str(info.last_block))
        self.index.advance(self.chain, self.deployment, PLUG, to=last, progress=silent)
        self._events = list(self.index.events(self.deployment, PLUG, up_to=info.last_block))
        self._valuations: dict[int, Valuation] = {}

    def __enter__(self) -> Past:
        return self

    def __exit__(self, *error: object) -> None:
        self.index.close()
        self.chain.close()

    def at(self, number: int) -> Valuation:
        """The market at a block, at its own prices."""
        if number not in self._valuations:
            rebuilt = rebuild_indexed(
                self.index,
                self.chain,
                self.deployment,
                block=self.chain.resolve(str(number)),
                progress=silent,
            )
            book = rebuilt.result.book
            self._valuations[number] = Valuation(state_of(book), PLUG.prices(book))
        return self._valuations[number]

    def events(self, number: int) -> list[Event]:
        """The events of one block."""
        return [event for event in self._events if event.block_number == number]

    def predict(self, number: int, row: Executed | Refused) -> Outcome | None:
        """What the rebuild of block `number` says of this call; None for an unknown account."""
        valuation = self.at(number)
        data = valuation.account_data(row.user)
        if not isinstance(data, AccountData):
            return None
        call = Call(
            row.collateral_asset,
            row.debt_asset,
            row.requested,
            row.keep_supply,
            row.liquidator,
        )
        return Liquidation(valuation, data).execute(call)


def check_liquidations(info: DevnetInfo, folder: Path) -> Predictions:
    """Every liquidation of the chain against what the block before it predicted."""
    out = Predictions()
    with Past(info, folder) as past:
        for row in info.liquidations:
            if row.protocol == PROTOCOL:
                _check_executed(past, row, out)
        for refused in info.refused:
            if refused.protocol == PROTOCOL:
                _check_refused(past, refused, out)
    return out


def _check_executed(past: Past, row: Executed, out: Predictions) -> None:
    """One executed liquidation: its event, its deficits, the balances after it."""
    outcome = past.predict(row.block - 1, row)
    events = past.events(row.block)
    out.executed += 1
    out.kept += row.keep_supply
    if outcome is None or outcome.reverts is not None:
        out.faults.append(f"block {row.block}: predicted {outcome}, but it was executed")
        return
    call = next(event for event in events if event.name == "LiquidationCall")
    deficits = {
        str(event.args["debtAsset"]): event.args["amountCreated"]
        for event in events
        if event.name == "DeficitCreated"
    }
    out.deficits += len(deficits)
    after = past.at(row.block).state.accounts[row.user]
    before = past.at(row.block - 1).state
    collateral = before.reserves[row.collateral_asset]
    predicted = {
        "debt repaid": outcome.debt_repaid,
        "collateral": outcome.to_liquidator,
        "deficits": outcome.deficits,
        "scaled collateral": outcome.scaled_collateral_after,
        "scaled debt": outcome.scaled_debt_after,
        "flag": outcome.collateral_flag_after,
        "fee": outcome.fee if collateral.treasury != row.user else None,
    }
    happened = {
        "debt repaid": call.args["debtToCover"],
        "collateral": call.args["liquidatedCollateralAmount"],
        "deficits": deficits,
        "scaled collateral": after.supplied.get(row.collateral_asset, 0),
        "scaled debt": after.borrowed.get(row.debt_asset, 0),
        "flag": bool(after.collateral_bits >> collateral.id & 1),
        "fee": _fee(past, row, collateral.a_token, collateral.treasury, outcome.fee, events),
    }
    if predicted != happened:
        wrong = {k: (predicted[k], happened[k]) for k in predicted if predicted[k] != happened[k]}
        out.faults.append(f"block {row.block}: (predicted, happened) {wrong}")


def _fee(
    past: Past,
    row: Executed,
    a_token: str,
    treasury: str | None,
    predicted: int,
    events: Sequence[Event],
) -> int:
    """The protocol fee: the scaled amount that went to the treasury must be the predicted fee's."""
    scaled = sum(
        int(str(event.args["value"]))
        for event in events
        if event.name == "BalanceTransfer"
        and event.address == a_token
        and event.args["to"] == treasury
        and event.args["from"] == row.user
    )
    valuation = past.at(row.block - 1)
    reserve = valuation.state.reserves[row.collateral_asset]
    taken = scaled_taken(valuation.state.rules, Side.SUPPLY, predicted, reserve.income_ray)
    same = scaled == taken
    return predicted if same else scaled


def _check_refused(past: Past, row: Refused, out: Predictions) -> None:
    """One liquidation that the pool refused: the same refusal was predicted."""
    out.refused += 1
    outcome = past.predict(row.block, row)
    said = "unknown account" if outcome is None else outcome.reverts
    reason: str | None = NO_WORDS if row.reason == WITHOUT_WORDS else row.reason
    if row.reason.startswith(OF_THE_TOKEN):
        reason = None
    if said != reason:
        out.faults.append(f"block {row.block}: predicted {said}, refused with {row.reason}: {row}")
