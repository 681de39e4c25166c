"""What the parties of a change had before it: the equity that no transfer explains is told too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.model.closure import Transfer
from analyzer.protocols.derive_v2.close.liquidate import CASH_HOLDERS
from analyzer.protocols.derive_v2.close.simulate.motion import known
from analyzer.protocols.derive_v2.close.simulate.parties import ROUNDING, net, two_way
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.kit.unreadable import Unreadable, attempt


@dataclass(frozen=True, slots=True)
class Before:
    """Of each party that is in the book: its mark to market, and the interest that its cash gains
    when it is settled; 18 decimals."""

    equity: Mapping[int, int]
    interest: Mapping[int, int]

    @classmethod
    def of(cls, valuation: Valuation, parties: set[int]) -> Before:
        """The parties as they are now."""
        present = sorted(p for p in parties if p in valuation.state.accounts)
        return cls(
            {p: _equity(valuation, p) for p in present},
            {p: _unbooked_interest(valuation, p) for p in present},
        )

    def unexplained(
        self, valuation: Valuation, transfers: Sequence[Transfer]
    ) -> tuple[Transfer, ...]:
        """What else the equity of each party changed by: interest that was settled, and
        rounding."""
        extra: list[Transfer] = []
        for party, equity in self.equity.items():
            change = _equity(valuation, party) - equity - net(transfers, str(party))
            settled = self.interest[party] if change else 0
            extra += two_way(CASH_HOLDERS, str(party), settled, "interest settled")
            extra += two_way(ROUNDING, str(party), change - settled, "products are truncated")
        return tuple(extra)


def _equity(valuation: Valuation, number: int) -> int:
    """An account's mark to market; 0 where it is unknown (nothing of it changes then)."""
    found = known(valuation, number)
    return 0 if found is None else found[0]


def _unbooked_interest(valuation: Valuation, number: int) -> int:
    """What the account's cash gains when its interest is settled."""
    account = valuation.state.accounts[number]
    found = attempt(lambda: valuation.cash_with_interest(account))
    cash = account.cash(valuation.state.cash.address)
    return 0 if isinstance(found, Unreadable) else found - cash
