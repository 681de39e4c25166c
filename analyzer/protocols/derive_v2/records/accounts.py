"""SubAccounts: who holds how much of what."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Holding:
    """One balance of an account: asset address, sub id (0 but for options), signed balance."""

    asset: str
    sub_id: int
    balance: int


@dataclass(slots=True)
class Account:
    """One SubAccount.

    balances: in the contract's own order (swap and pop), cash included, no zero entries.
    cash_index: CashAsset.accountIdIndex, the index at which its cash was last touched (0 = never).
    kind: `trader`, `manager`, `security_module`.
    """

    number: int
    owner: str
    manager: str
    balances: list[Holding] = field(default_factory=list)
    cash_index: int = 0
    kind: str = "trader"
    first_block: int = 0
    last_block: int = 0
    events: int = 0

    def cash(self, cash_asset: str) -> int:
        """The stored cash balance (without interest since it was last touched)."""
        return sum(h.balance for h in self.balances if h.asset == cash_asset)
