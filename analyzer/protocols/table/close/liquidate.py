"""An account's liquidations as the house's closures: each as if it came first."""

from __future__ import annotations

from analyzer.model.closure import Closure
from analyzer.protocols.table.close.pairs import Account
from analyzer.protocols.table.value.value import TableValued


def liquidate(valued: TableValued, account_id: str) -> list[Closure]:
    """What the rules let be closed of this account now; nothing of one that is not below
    maintenance, or is unknown. Raises: KeyError for no such account."""
    try:
        number = list(valued.book.account_ids).index(account_id)
    except ValueError:
        raise KeyError(account_id) from None
    legs = tuple(valued.valuation.legs(number))
    sums = valued.valuation.sums(legs)
    if isinstance(sums, str) or sums.headroom_e18 >= 0:
        return []
    account = Account(valued.valuation, account_id, legs, sums)
    return [account.close(c, c.most).executed.closure for c in account.choices()]
