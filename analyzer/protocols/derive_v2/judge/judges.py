"""The questions about one account, one feed, one perp and the shared contracts.

The part of a field's name before the dot is the kind of check (`margin`, `scenario`, `cash`,
`perp`, `auction`, `startable`, `balances`, `feeds`), which reports count by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.derive_v2.deployments import ABI_FOLDER
from analyzer.protocols.derive_v2.errors import revert_words
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.kit import judging
from analyzer.protocols.kit.judging import Question
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


def ask(bench: Bench, question: Question, values: Values) -> Iterator[Judge]:
    """The judge for `values` (see `kit.judging.ask`), by the deployment's name of its contract."""
    named = f"{bench.name(question.address)}.{question.function}"
    # Not `replace`: it costs as much as everything else here, and a scan asks thousands.
    own = Question(
        f"{ABI_FOLDER}/{question.abi}",
        question.address,
        question.function,
        question.args,
        question.fields,
        question.account_id,
        question.market_id,
        named,
    )
    return judging.ask(own, values, revert_words)


def compute(function: Callable[[], Sequence[Expected]]) -> Values:
    """Expected values, or why the contract refuses."""
    return attempt(function)
