"""The questions about one account, one feed, one perp and the shared contracts.

The part of a field's name before the dot is the kind of check (`margin`, `scenario`, `cash`,
`perp`, `auction`, `startable`, `balances`, `feeds`), which reports count by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analyzer.abi.contract import load_abi
from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.derive_v2.deployments import ABI_FOLDER
from analyzer.protocols.derive_v2.errors import revert_words
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.kit.unreadable import Unreadable, attempt

Values: TypeAlias = Sequence[Expected] | Unreadable


@dataclass(slots=True)
class Bench:
    """What the judges' expectations are computed from, once for all accounts."""

    state: DeriveState
    valuation: Valuation

    def name(self, address: str) -> str:
        """The deployment's label of an address."""
        return self.state.names.get(address.lower(), address)


@dataclass(frozen=True, slots=True)
class Question:
    """A view of one contract. abi: its ABI file; function with its arguments; fields: names with
    the kind of check in front."""

    abi: str
    address: str
    function: str
    args: tuple[object, ...] = ()
    fields: tuple[str, ...] = ()
    account_id: str | None = None
    market_id: str | None = None


def ask(bench: Bench, question: Question, values: Values) -> Iterator[Judge]:
    """The judge for `values`; nothing where the rebuild has none because a read is missing.

    Values are in the order of the view's outputs; a single struct is compared field by field.
    """
    contract = load_abi(f"{ABI_FOLDER}/{question.abi}")
    request = contract.request(question.address, question.function, *question.args)
    reverts: str | None = None
    if isinstance(values, Unreadable):
        if not values.reverted:
            return
        reverts, values = revert_words(values.reason), ()
    fields = question.fields
    types = _types(contract.function(question.function).output_types, len(fields))
    yield Judge(
        account_id=question.account_id,
        market_id=question.market_id,
        contract=f"{bench.name(question.address)}.{question.function}",
        request=request,
        fields=fields,
        types=types,
        expected=tuple(values) if reverts is None else (None,) * len(fields),
        expected_revert=reverts,
    )


def _types(outputs: tuple[str, ...], fields: int) -> tuple[str, ...]:
    """The output types, with a single static struct of `fields` members taken apart: the same
    words either way."""
    if len(outputs) == 1 and fields > 1 and outputs[0].startswith("("):
        return tuple(outputs[0][1:-1].split(","))
    return outputs


def compute(function: Callable[[], Sequence[Expected]]) -> Values:
    """Expected values, or why the contract refuses."""
    return attempt(function)
