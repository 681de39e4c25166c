"""The rows that a scan writes: one dataclass a table, protocol-free.

Amounts are raw on-chain integers or 18-decimal integers (`_e18`); None is 'unknown', never 0.
The scan's key is added by `store`; everything else is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from analyzer.model.verdict import Verdict

OWN_STATUSES = ("system", "pool")
"""`MarginRow.status` of the protocol's own accounts: they are listed, and no count, sum, finding or
answer has them."""

NOT_BORROWABLE = "not borrowable"
"""In the note of a row whose requirement is no amount: the contract counts a balance that may not
be borrowed as minus infinity. The row keeps the contract's number; sums leave it out and count
it."""


@dataclass(frozen=True, slots=True)
class MarginRow:
    """One account's margin, exact, as the plug computes it (before the verdict).

    equity_e18: everything at the protocol's reference prices, no haircut.
    Identities on every known row: free_collateral_e18 = margin_equity_e18 - initial_margin_e18
    (signed, not clipped, not floored); headroom = margin_equity_e18 - maintenance_margin_e18.
    liquidatable: the protocol's own test. closable: there is something to close.
    collateral_liquidatable: None where the protocol has no such test.
    status: `open`, `blocked`, `in_auction`, ... as the protocol has it.
    unknown_reason: set when something needed was not read, reverted or stale; all amounts None.
    note: why the verdict differs from the sign of headroom, when it does.
    """

    account_id: str
    owner: str
    equity_e18: int | None
    margin_equity_e18: int | None
    initial_margin_e18: int | None
    maintenance_margin_e18: int | None
    free_collateral_e18: int | None
    liquidatable: bool | None
    closable: bool | None
    collateral_liquidatable: bool | None = None
    status: str = "open"
    unknown_reason: str | None = None
    note: str = ""
    settled_equity_e18: int | None = None
    """Equity with the contract's own haircuts where it is what bad debt is counted on, or None."""


def unknown_margin(account_id: str, reason: str, *, owner: str | None = None) -> MarginRow:
    """The row of an account of which nothing may be said, and why. owner: itself when not given."""
    return MarginRow(
        account_id=account_id,
        owner=account_id if owner is None else owner,
        equity_e18=None,
        margin_equity_e18=None,
        initial_margin_e18=None,
        maintenance_margin_e18=None,
        free_collateral_e18=None,
        liquidatable=None,
        closable=None,
        status="unknown",
        unknown_reason=reason,
    )


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A `MarginRow` with its verdict: what the table `margin` holds."""

    margin: MarginRow
    verdict: Verdict
    reason: str
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account that was seen. kind: `trader`, `maker`, `insurance_fund`, ... parent_id: of an
    account that another one opened for one position and is not liable for; None = none."""

    account_id: str
    owner: str
    kind: str
    first_block: int | None
    last_block: int | None
    events: int
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class CollateralRow:
    """One collateral balance of an account.

    amount: raw token amount (signed). value_e18: at the reference price, None = unknown.
    margin_value_e18: after the haircut. weight_e6: the ratio counted (1e6 = 100 %).
    """

    account_id: str
    asset_id: str
    symbol: str
    decimals: int
    amount: int
    price_e18: int | None
    value_e18: int | None
    margin_value_e18: int | None
    weight_e6: int


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One position of an account in one market; sizes and notionals in 18 decimals.

    size_e18: signed net size (makers: with what their ranges hold). open_notional_e18: positive =
    quote received. value_e18: size at the reference price. pending_funding_e18: positive = pays.
    liquidatable_size_e18: what the protocol would close at most now; None with the reason in
    `blocked` when its own computation reverts or the position cannot be closed.
    """

    account_id: str
    market_id: str
    symbol: str
    size_e18: int | None
    open_notional_e18: int | None
    price_e18: int | None
    value_e18: int | None
    unrealized_pnl_e18: int | None
    pending_funding_e18: int | None
    liquidatable_size_e18: int | None = None
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One maker range or resting order; debts and amounts in 18 decimals."""

    account_id: str
    market_id: str
    order_id: str
    lower_tick: int | None
    upper_tick: int | None
    liquidity: int
    base_debt_e18: int
    quote_debt_e18: int
    base_amount_e18: int | None
    quote_amount_e18: int | None
    pending_fee_e18: int | None


@dataclass(frozen=True, slots=True)
class MarketRow:
    """One market: its state and its totals. Open interest is the sum of positive sizes."""

    market_id: str
    symbol: str
    factor: str
    status: str
    mark_price_e18: int | None
    index_price_e18: int | None
    reference_price_e18: int | None
    open_interest_long_e18: int | None
    open_interest_short_e18: int | None
    initial_margin_ratio_e6: int | None
    maintenance_margin_ratio_e6: int | None


class BackstopKind(StrEnum):
    """What a layer of the loss waterfall is."""

    OWN_COLLATERAL = "own_collateral"
    """The debtors' own assets: each stands for its own account only, and is in its equity."""
    FUND = "fund"
    TREASURY = "treasury"
    LP = "lp"
    ADL = "adl"
    """Winners' profits, cut by auto-deleveraging."""
    SOCIALISED = "socialised"
    """Everybody who has a claim on the protocol."""


@dataclass(frozen=True, slots=True)
class BackstopRow:
    """One layer of the loss waterfall, in the order in which losses reach it (order 1 first).

    capacity_e18: None with `unlimited` true where whoever stands there pays without a bound, or
    None with `unlimited` false where it could not be read. voluntary: may pay, but no rule of the
    contract makes it; such a layer counts towards no capacity. asset_id: the one asset whose
    losses it bears; None = any.
    """

    order: int
    name: str
    account_id: str | None
    capacity_e18: int | None
    unlimited: bool
    rule: str
    kind: BackstopKind = BackstopKind.FUND
    voluntary: bool = False
    asset_id: str | None = None


class Proves(StrEnum):
    """Which set is proven whole by a control total that holds.

    Only a total whose other side was read from the chain at the block proves anything here: one
    whose two sides both come from logs holds when all logs are missing, too.
    """

    NOTHING = "nothing"
    """Logs against logs, or a number of one thing: it shows that the rules agree."""
    LIST = "list"
    """What must exist, listed or counted by the chain: reserves, markets, assets."""
    ACCOUNTS = "accounts"
    """A number of all accounts, or a sum over them. 0 on the chain = nobody has anything of it."""


@dataclass(frozen=True, slots=True)
class TotalRow:
    """A control total: what was rebuilt against what the chain holds, and the allowed distance.

    name: short and stable. identity: the equation in words. difference = rebuilt - on_chain.
    allowed: the largest |difference| that the named roundings can make; why: which and how many.
    unit: of the amounts (`raw USDC, 6 decimals`, `e18`). None = not read.
    """

    name: str
    identity: str
    unit: str
    rebuilt: int | None
    on_chain: int | None
    allowed: int
    why: str
    surplus_ok: bool = False
    """True where the chain may hold more than was rebuilt (direct transfers to the contract)."""
    proves: Proves = Proves.NOTHING

    @property
    def difference(self) -> int | None:
        """rebuilt - on_chain; None when either was not read."""
        if self.rebuilt is None or self.on_chain is None:
            return None
        return self.rebuilt - self.on_chain

    @property
    def holds(self) -> bool | None:
        """Whether the difference lies within what is allowed; None when it was not read."""
        difference = self.difference
        if difference is None:
            return None
        if self.surplus_ok and difference < 0:
            return True
        return abs(difference) <= self.allowed


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of an account's margin statement.

    section groups lines (`collateral`, `positions`, `requirement`, `result`). amount is an
    integer in `unit`; source says where it comes from: contract, view or slot, block, formula.
    """

    account_id: str
    section: str
    label: str
    amount: int | None
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One comparison of a rebuilt number with the contract's own view.

    equal: None when the judge did not answer (not read, not recorded): 'not compared'.
    """

    account_id: str | None
    market_id: str | None
    contract: str
    field: str
    expected: str
    actual: str | None
    equal: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """How many reads of one kind were made, and what failed.

    purpose: `rebuild` (margin needs it), `evidence` (only shown or compared), `implementation`
    (which code is behind a contract) or `judge`.
    """

    purpose: str
    what: str
    requested: int
    values: int
    reverted: int
    not_read: int
    example: str


class CodeStatus(StrEnum):
    """What is known of the code behind a contract."""

    KNOWN = "known"
    """Its hash is one of this kind of contract whose rules we have."""
    UNKNOWN = "unknown"
    NO_CODE = "no code"
    CHANGED = "changed without event"
    """The proxy's slot names other code than its last `Upgraded` log."""
    NOT_RECORDED = "not recorded"
    """Nobody said which code it is: no verdict depends on it, and nothing is known by it."""


FEED_ROLE = "price_feed"
"""First word of the role of a contract that only answers prices: the protocol takes its answer as
it is, so that no rule of ours rests on its code."""


@dataclass(frozen=True, slots=True)
class ImplementationRow:
    """The code behind one contract at the block.

    implementation: address, or None when it is not a proxy or was not recorded. status: a
    `CodeStatus`.
    """

    role: str
    address: str
    implementation: str | None
    code_hash: str | None
    status: str
    note: str = ""

    @property
    def is_feed(self) -> bool:
        """Whether it only answers prices (see `FEED_ROLE`)."""
        return self.role.split(" ", 1)[0] == FEED_ROLE

    @property
    def unproven(self) -> bool:
        """Whether our rules rest on code that is not known: then only views prove a number."""
        if self.status == CodeStatus.UNKNOWN:
            return not self.is_feed
        return self.status in (CodeStatus.NO_CODE, CodeStatus.CHANGED)


@dataclass(frozen=True, slots=True)
class SilentChange:
    """A state change that no event carries and a pinned read revealed, counted by kind."""

    kind: str
    account_id: str
    market_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Caution:
    """Something about the scan as a whole that a detector turns into a finding.

    kind: `paused_market`, `liquidation_reverts`, `stale_oracle`, ...; subject: account or market.
    """

    kind: str
    account_id: str | None
    market_id: str | None
    text: str
    amounts: Mapping[str, int] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
