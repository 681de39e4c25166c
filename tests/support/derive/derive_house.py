"""A valuation of Derive V2 with one account, whose manager answers what a test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.auctions import Auction, AuctionParams
from analyzer.protocols.derive_v2.value.account import AccountNumbers, ManagerMargin
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError

E18 = 10**18
CASH, PERP, SRM, PMRM = "0xCash", "0xPerp", "0xSrm", "0xPmrm"
PARAMS = AuctionParams(
    starting_mtm_percentage=95 * E18 // 100,
    fast_cutoff_percentage=70 * E18 // 100,
    fast_length_s=900,
    slow_length_s=43_200,
    insolvent_length_s=3_600,
    liquidator_fee_rate=E18 // 10,
    buffer_margin_percentage=15 * E18 // 100,
)
STORED = 100


@dataclass
class House:
    """A valuation of account 7 alone. margins: maintenance margin by scenario, as the manager's
    view has it; interest: not yet settled; refusal: what the settlement of perps reverts with."""

    margins: Sequence[int]
    manager: str = PMRM
    mm: int | Unreadable = -1
    im: int | Unreadable = -30
    mtm: int | Unreadable = 50
    interest: int = 0
    refusal: Unreadable | None = None
    scenarios: Sequence[int] | Unreadable = ()
    holdings: list[Holding] = field(default_factory=lambda: [Holding(CASH, 0, STORED)])
    disabled: bool = False
    auction: Auction | None = None
    block_time: int = 1_000
    mtm_cutoff: int = 0

    def __post_init__(self) -> None:
        manager = SimpleNamespace(perp=PERP, scenarios=self.scenarios or list(self.margins))
        self.state = SimpleNamespace(
            accounts={7: Account(7, "0xOwner", self.manager, self.holdings)},
            pmrms={PMRM: manager} if self.manager == PMRM else {},
            perps={PERP: SimpleNamespace(disabled=self.disabled)},
            cash=SimpleNamespace(address=CASH),
            auction_house=SimpleNamespace(
                params=PARAMS,
                mtm_cutoff=self.mtm_cutoff,
                auctions={} if self.auction is None else {7: self.auction},
            ),
            block_time=self.block_time,
        )

    def numbers(self, number: int) -> AccountNumbers:
        """The views' answers."""
        settled = STORED + self.interest
        return AccountNumbers(number, self.mtm, self.mm, self.im, None, None, STORED, settled, {})

    def margin(
        self, _account: Account, *, initial: bool, scenario: int | None = None
    ) -> ManagerMargin:
        """Maintenance margin and mark to market under a scenario."""
        assert not initial
        assert isinstance(self.mtm, int)
        return ManagerMargin(self.margins[scenario or 0], self.mtm)

    def cash_with_interest(self, _account: Account) -> int:
        """Cash once interest is settled."""
        return STORED + self.interest

    def unsettled(self, _account: Account, _holding: Holding) -> int:
        """Nothing is unsettled, or the settlement reverts."""
        if self.refusal is not None:
            raise UnreadableNumberError(self.refusal)
        return 0
