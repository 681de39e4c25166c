"""A protocol's accounts while prices move and liquidators work: what a cascade drives.

    set_prices -> breaching -> liquidate (account by account, each changing the next) -> set_prices

The simulation belongs to one run and is changed by it; the book that it was made of is not.
Everything is exact integers with the contract's own rounding. Time stands still at the book's
block: funding and interest do not run while a cascade does.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

from analyzer.model.closure import Executed, Transfer
from analyzer.model.rows import BackstopRow


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one account stands, in 18 decimals of the protocol's unit of account.

    equity_e18, headroom_e18 (margin equity less maintenance) and free_collateral_e18 (margin equity
    less initial margin; None where the protocol has none, or it is unknown) as in the columns of
    margin. breaches: the protocol's own test, as `breaching` uses it.
    """

    equity_e18: int
    headroom_e18: int
    breaches: bool
    free_collateral_e18: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A token that stands for a claim on this protocol's suppliers or LPs.

    token: its address, as other protocols hold it. backed_by: the `Transfer.asset_id` (or, where
    the protocol does not keep losses apart, None) whose losses its holders bear. supply_e18: the
    claims in all, in the unit of account, at present prices.
    """

    token: str
    backed_by: str | None
    supply_e18: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An offer whose terms get better for whoever waits, by the contract's own schedule and while
    prices stand still: an auction.

    waited_s: seconds after the block at which the offer is taken. longest_s: when its terms stop
    getting better. at: the offer so many seconds after the block; None where it cannot be taken.
    """

    waited_s: int
    longest_s: int
    at: Callable[[int], Offer | None]


@dataclass(frozen=True, slots=True)
class Offer:
    """A closure that the contract allows a liquidator of one account now.

    offer_id: tells it from the account's other ones; ties between them are broken by it. most: the
    largest amount that may be closed, in whatever unit the protocol's call counts. choosable:
    whether whoever calls may ask for less. largest: what happens at `most`. waiting: None where
    time changes nothing.
    """

    account_id: str
    offer_id: str
    most: int
    choosable: bool
    largest: Executed
    waiting: Waiting | None = None

    @property
    def waited_s(self) -> int:
        """Seconds after the block at which it is taken."""
        return 0 if self.waiting is None else self.waiting.waited_s


@dataclass(frozen=True, slots=True)
class Terms:
    """What a closure of some amount comes to for a liquidator. paid_e18: what the protocol gives
    over what it takes, at its own prices; value_e18: of what is closed; sold: as in `Executed`.
    by_fund: whether it goes through only as long as a fund of the protocol can bear it."""

    paid_e18: int
    value_e18: int
    sold: Mapping[str, int]
    by_fund: bool = False


@dataclass(frozen=True, slots=True)
class Stake:
    """What all closures of an account come to at the most, 18 decimals at the protocol's prices.
    paid_e18: the most that any part of any of them pays a liquidator; traded_e18: asset -> the most
    of it that any has to trade, without sign. Each closure taken whole trades more than roundings.
    """

    paid_e18: int
    traded_e18: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a closure comes to for each unit of account that is closed, at the protocol's prices, at
    the most. paid: what the protocol gives a liquidator over what it takes. sold, bought: the one
    asset that has to be traded either way, `""` = none; sold_share, bought_share: how much of it.

    Of any part all of it are that part; where roundings sell less, it is paid that much less.
    """

    paid: float
    sold: str = ""
    sold_share: float = 1.0
    bought: str = ""
    bought_share: float = 1.0


Least = Callable[[Shape, float], float]
"""(shape, largest size that is of interest) -> the size in units of account below which no closure
of the shape pays its gas; anything above the largest where none of interest does."""


class Many(Protocol):
    """What a simulation may have beside the rest, so that nobody asks account by account."""

    def equities(self) -> list[int | None]:
        """Every account's equity now, as `standing` has it, in book order; a list of its own."""
        ...

    def equities_at(
        self, account_ids: Sequence[str], prices_e18: Sequence[Mapping[str, int]]
    ) -> list[list[int | None]]:
        """`equity_at` of some accounts at one set of prices after the other: [prices][account]."""
        ...

    def may_pay(self, least: Least) -> Container[str]:
        """The accounts of which some closure is not below `least`. It is asked once for many
        visits: whoever is changed itself later is in it from then on."""
        ...

    def shapes(self, account_id: str) -> Sequence[tuple[Shape, float]]:
        """The shape of each of its offers, and how large it is at the most, in units of account."""
        ...


class Quick(Protocol):
    """What a simulation may have beside the rest, so that looking for the amount that pays does not
    work out everything that a closure does."""

    def terms(self, offer: Offer, amount: int) -> Terms | None:
        """The terms of `preview(offer, amount)`; None where that is None."""
        ...

    def stake(self, account_id: str) -> Stake | None:
        """What all of its closures come to at the most, roundings included; None where that is not
        known at once. Cheap: most accounts are dust, and nobody looks for what pays of them."""
        ...


class Versioned(Protocol):
    """What a simulation may have beside the rest, so that nobody works out twice what an account's
    closures would pay."""

    def version(self, account_id: str) -> object:
        """The same object as long as the account's offers, and what any part of them comes to, are
        the same: then what a liquidator gains by them depends on the market alone."""
        ...


@dataclass(frozen=True, slots=True)
class AdlRule:
    """How a venue cuts its winners' profits. policy: a name of `contagion.linear.adl`. cap: share
    of a profit that is taken at most, where the policy has one."""

    policy: str
    cap: float = 1.0


@dataclass(frozen=True, slots=True)
class Winner:
    """An account whose profit may be cut. profit_e18: above zero, 18 decimals. leverage: its open
    positions over its equity. gain: profit over what the positions were entered for."""

    account_id: str
    profit_e18: int
    leverage: float
    gain: float


@runtime_checkable
class Deleveraging(Protocol):
    """A simulation of a venue that cuts profits by a rule which needs a whole round's deficit: the
    cascade collects it, asks the policy who pays how much, and hands it back, winner by winner."""

    def adl(self) -> AdlRule | None:
        """The venue's rule; None where it has none."""
        ...

    def winners(self) -> Sequence[Winner]:
        """Whose profit may be cut now, in book order."""
        ...

    def deleverage(self, winner_id: str, account_id: str, amount_e18: int) -> Transfer:
        """Closes so much of a winner's positions that it has `amount_e18` less, for the deficit of
        `account_id`; no market trades for it. Raises: ValueError for more than its profit."""
        ...


class Simulation(Protocol):
    """One protocol's book in motion. Amounts in 18 decimals of its unit of account."""

    def prices_e18(self) -> Mapping[str, int]:
        """Every price in use now: asset id -> 18 decimals. Assets without a price are left out."""
        ...

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """The prices that the protocol uses from now on, all averages converged to them (pools
        of its own included). Assets that are not named keep theirs. Raises: KeyError for an asset
        that has no price; ValueError for a price that is not positive."""
        ...

    def scale_requirements(self, factor: Fraction) -> None:
        """Maintenance requirements from now on: the block's own times `factor` (>= 1)."""
        ...

    def account_ids(self) -> Sequence[str]:
        """Every account in book order, unknown ones included."""
        ...

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when a number that it needs is unknown."""
        ...

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its equity if these assets had these prices (others as they are now); changes nothing."""
        ...

    def breaching(self) -> Sequence[str]:
        """The accounts that may be liquidated now and have something that can be closed, in book
        order. An account whose every closure would revert is not among them."""
        ...

    def offers(self, account_id: str) -> Sequence[Offer]:
        """What a liquidator may close of the account now, each as if it came first; nothing of one
        that does not breach or is unknown, and nothing that would revert."""
        ...

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """What an offer comes to at `amount` (1 to `offer.most`); None where the contract refuses
        that much, because it leaves less than it lets stand. Changes nothing. Only for offers of
        the present state."""
        ...

    def execute(self, offer: Offer, amount: int) -> Executed:
        """Makes an offer happen at an amount that `preview` knows."""
        ...

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """All that the contract lets a liquidator close at present prices, again and again until
        the account no longer breaches or nothing more goes, whether it pays or not; each closure as
        it was executed."""
        ...

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Closes everything that can be closed of the account at present prices, without a
        penalty, breaching or not: its owner has defaulted and is wound up."""
        ...

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        """Of an account that was unwound: what was sold for it fetched `lost_e18` less (below 0:
        more) than it was taken over at, and that is the account's: it has so much less cash or owes
        so much more. Who pays whom (`liquidator` is the other side); what it owes by it, the next
        `unwind` pays. Nothing of an unknown account."""
        ...

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """Takes out all the collateral that the contract lets the account withdraw now."""
        ...

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall as it is now."""
        ...

    def receipts(self) -> Sequence[Receipt]:
        """The tokens that stand for claims on this protocol; often none."""
        ...
