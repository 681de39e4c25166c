"""States of the recording between its pins: before and after each liquidation and each tick.

Prices and weights are those of the last pin; product states, insurance and the balances of the two
accounts are read from the storage that the recording has of these blocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nado_recording import Recorded

from analyzer.abi.codec import slot_request
from analyzer.model.block import BlockRef
from analyzer.model.reads import Value
from analyzer.protocols.nado.account_ids import key
from analyzer.protocols.nado.records import (
    Account,
    InterestConfig,
    PerpBalance,
    PerpProduct,
    Risk,
    SpotProduct,
)
from analyzer.protocols.nado.state import slots
from analyzer.protocols.nado.state.state import NadoState


class Past:
    """Reads of the recording's storage at any block that it has."""

    def __init__(self, venue: Recorded) -> None:
        self.venue = venue
        self._pins = [(number, label) for number, label, _ in venue.replay.pins()]

    def block(self, number: int) -> BlockRef:
        """The header of a block."""
        return self.venue.replay.headers([number])[0]

    def halves(self, contract: str, slot: int, block: int) -> tuple[int, int]:
        """The two numbers of a word. Raises: KeyError where the recording has none."""
        address = self.venue.deployment.contracts[contract]
        (answer,) = self.venue.replay.read(self.block(block), [slot_request(address, slot)])
        if not isinstance(answer, Value):
            raise KeyError(f"{contract} {slot:#x} at {block}: {answer}")
        return slots.halves(int.from_bytes(answer.data, "big"))

    def label_before(self, block: int) -> str:
        """The last pin before a block; one at the block itself is after it."""
        return max((number, label) for number, label in self._pins if number < block)[1]

    def spot(self, old: SpotProduct, block: int) -> SpotProduct:
        """A spot product at a block; its weights and curve are the old ones."""
        slot = slots.of(slots.SPOT_STATES, old.product_id)
        deposit, borrow = self.halves("SpotEngine", slot, block)
        deposits, borrows = self.halves("SpotEngine", slot + 1, block)
        return replace(
            old,
            deposit_multiplier=deposit,
            borrow_multiplier=borrow,
            deposits=deposits,
            borrows=borrows,
        )

    def perp(self, old: PerpProduct, block: int) -> PerpProduct:
        """A perp product at a block; its weights are the old ones."""
        slot = slots.of(slots.PERP_STATES, old.product_id)
        long, short = self.halves("PerpEngine", slot, block)
        available, interest = self.halves("PerpEngine", slot + 1, block)
        return replace(
            old,
            funding_long=long,
            funding_short=short,
            available=available,
            open_interest=interest,
        )

    def risk(self, engine: str, product: int, block: int) -> Risk:
        """A product's weights and price at a block before a tick."""
        address, slot = self.venue.deployment.contracts[engine], slots.of(slots.RISK, product)
        (answer,) = self.venue.replay.read(self.block(block), [slot_request(address, slot)])
        assert isinstance(answer, Value)
        word = int.from_bytes(answer.data, "big")
        return Risk(*slots.weights(word), slots.halves(word)[1])

    def curve(self, product: int, block: int) -> InterestConfig:
        """A spot product's curve of interest at a block before a tick."""
        slot = slots.of(slots.SPOT_CONFIG, product)
        words = [self.halves("SpotEngine", slot + n, block) for n in (1, 2, 3)]
        return InterestConfig(*words[0], *words[1], *words[2])

    def account(self, state: NadoState, name: str, block: int) -> Account:
        """An account's balances at a block, of every product of the state."""
        out = Account(name, parent=state.accounts[name].parent)
        for product in state.spots:
            slot = slots.of(slots.SPOT_BALANCES, product, key(name))
            amount = self.halves("SpotEngine", slot, block)[0]
            if amount:
                out.spot[product] = amount
        for product in state.perps:
            slot = slots.of(slots.PERP_BALANCES, product, key(name))
            size, quote = self.halves("PerpEngine", slot, block)
            if size or quote:
                last = self.halves("PerpEngine", slot + 1, block)[0]
                out.perps[product] = PerpBalance(size, quote, last)
        return out

    def state(self, block: int, names: tuple[str, ...], label: str) -> NadoState:
        """The venue at a block: of these accounts, with the prices of the pin `label`."""
        old = self.venue.valued(label).state
        insurance, fees = self.halves("Clearinghouse", slots.CLEARING_INSURANCE, block)
        fresh = {name: self.account(old, name, block) for name in names}
        return replace(
            old,
            spots={p: self.spot(spot, block) for p, spot in old.spots.items()},
            perps={p: self.perp(perp, block) for p, perp in old.perps.items()},
            insurance=insurance,
            last_fees=fees,
            accounts={**old.accounts, **fresh},
        )


def names_of(liquidation: dict[str, Any]) -> tuple[str, str]:
    """(liquidator, liquidated) of an executed liquidation."""
    return str(liquidation["liquidator"]), str(liquidation["liquidatee"])
