"""What the contract would close of an account now, each as if it came first."""

from __future__ import annotations

from analyzer.model.closure import Closure
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.close.closures import closure_of
from analyzer.protocols.nado.value.margin import EXEMPT
from analyzer.protocols.nado.value.value import NadoValued


def liquidate(valued: NadoValued, account_id: str) -> list[Closure]:
    """The steps that go through now, each at its largest amount, in the contract's order: assets,
    perps and spreads, then debts, then the finalisation. None of an account that does not meet the
    test, is exempt or unknown. Raises: KeyError when there is no such account."""
    numbers = valued.valuation.numbers(account_id)
    if isinstance(numbers, Unreadable) or account_id in EXEMPT or numbers.maintenance.total >= 0:
        return []
    return [closure_of(valued.valuation, step) for step in valued.steps(account_id)]
