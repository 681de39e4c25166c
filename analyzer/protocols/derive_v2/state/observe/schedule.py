"""The shared contracts at the block: cash and its rate model, the auction, the insurance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.deployments import KIND, of_kind
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.auctions import AuctionHouse, AuctionParams
from analyzer.protocols.derive_v2.records.cash import CashState, RateModel
from analyzer.protocols.derive_v2.state.observe.batch import new_batch
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable, needed

WAD_DECIMALS = 18
_CASH = (
    "accruedSmFees",
    "lastTimestamp",
    "smFeePercentage",
    "previousSmFeePercentage",
    "temporaryWithdrawFeeEnabled",
    "smId",
)
"""Of the cash: what its logs do not say. Supply, borrow, indexes and settled cash are folded."""
_RATES = ("minRate", "rateMultiplier", "highRateMultiplier", "optimalUtil")


@dataclass(slots=True)
class Schedule:
    """What holds for the protocol as a whole. last_account: SubAccounts.lastAccountId, None when
    not read. manager_accounts: accounts that the managers themselves own."""

    cash: CashState
    auction_house: AuctionHouse
    security_account: int
    last_account: int | None
    manager_accounts: frozenset[int]


@dataclass(slots=True)
class _Tickets:
    """The first batch."""

    last_account: Ticket
    cash: Mapping[str, Ticket]
    rate_model: Ticket
    held: Ticket
    decimals: Ticket
    params: Ticket
    cutoff: Ticket
    fee_account: Ticket
    security: Ticket
    own: Mapping[str, Ticket]


def read_schedule(deployment: Deployment, ledger: DeriveLedger) -> Reading[Schedule]:
    """Two batches: the contracts, then the rate model that the cash names.

    Raises: UnreadError, InputError when the shared contracts do not answer.
    """
    contracts = deployment.contracts
    batch = new_batch()
    asked = _ask(batch, contracts)
    replies = yield from batch.read()
    cash = contracts["CashAsset"]
    numbers = {n: needed(replies.number(t), cash, KIND) for n, t in asked.cash.items()}
    model = needed(replies.text(asked.rate_model), cash, KIND)
    second = new_batch()
    rates = {name: second.call("InterestRateModel", model, name) for name in _RATES}
    curve = _rate_model((yield from second.read()), rates)
    logged = ledger.cash
    own = (replies.optional(ticket) for ticket in asked.own.values())
    return Schedule(
        cash=CashState(
            address=cash,
            total_supply=logged.total_supply,
            total_borrow=logged.total_borrow,
            accrued_sm_fees=numbers["accruedSmFees"],
            net_settled_cash=logged.net_settled_cash,
            borrow_index=logged.borrow_index,
            supply_index=logged.supply_index,
            last_timestamp=numbers["lastTimestamp"],
            sm_fee_percentage=numbers["smFeePercentage"],
            previous_sm_fee_percentage=numbers["previousSmFeePercentage"],
            withdraw_fee_enabled=bool(numbers["temporaryWithdrawFeeEnabled"]),
            sm_account=numbers["smId"],
            stable_held=_scaled(replies.number(asked.held), replies.number(asked.decimals)),
            rate_model=curve,
        ),
        auction_house=_auction_house(replies, asked, contracts["DutchAuction"], ledger),
        security_account=needed(replies.number(asked.security), contracts["SecurityModule"], KIND),
        last_account=replies.optional(asked.last_account),
        manager_accounts=frozenset(number for number in own if number is not None),
    )


def _ask(batch: Batch, contracts: Mapping[str, str]) -> _Tickets:
    """The first batch."""
    cash, auction, usdc = contracts["CashAsset"], contracts["DutchAuction"], contracts["USDC"]
    managers = {contracts["StandardManager"]: "StandardManager"}
    managers |= dict.fromkeys(of_kind(contracts, "PMRM_2"), "PMRM_2")
    return _Tickets(
        last_account=batch.call("SubAccounts", contracts["SubAccounts"], "lastAccountId"),
        cash={name: batch.call("CashAsset", cash, name) for name in _CASH},
        rate_model=batch.call("CashAsset", cash, "rateModel"),
        held=batch.call("ERC20", usdc, "balanceOf", cash, about="USDC of CashAsset"),
        decimals=batch.call("ERC20", usdc, "decimals", about="USDC"),
        params=batch.call("DutchAuction", auction, "getAuctionParams"),
        cutoff=batch.call("DutchAuction", auction, "mtmCutoff"),
        fee_account=batch.call("DutchAuction", auction, "smAccount"),
        security=batch.call("SecurityModule", contracts["SecurityModule"], "accountId"),
        own={address: batch.call(abi, address, "accId") for address, abi in managers.items()},
    )


def _scaled(amount: int | Unreadable, decimals: int | Unreadable) -> int | Unreadable:
    """A token amount in 18 decimals."""
    if isinstance(amount, Unreadable):
        return amount
    if isinstance(decimals, Unreadable):
        return decimals
    scaled: int = amount * 10**WAD_DECIMALS // 10**decimals
    return scaled


def _rate_model(replies: Replies, asked: Mapping[str, Ticket]) -> RateModel | Unreadable:
    """The curve's parameters; the first that was not read is the reason."""
    numbers = []
    for ticket in asked.values():
        number = replies.number(ticket)
        if isinstance(number, Unreadable):
            return number
        numbers.append(number)
    return RateModel(*numbers)


def _auction_house(
    replies: Replies, asked: _Tickets, address: str, ledger: DeriveLedger
) -> AuctionHouse:
    """The auction contract, with the auctions that the logs tell."""
    params = replies.integers(asked.params)
    return AuctionHouse(
        address=address,
        params=params if isinstance(params, Unreadable) else AuctionParams(*params),
        mtm_cutoff=replies.number(asked.cutoff),
        total_insolvent_mm=sum(
            auction.cached_mm
            for auction in ledger.auctions.values()
            if auction.ongoing and auction.insolvent
        ),
        sm_account=needed(replies.number(asked.fee_account), address, KIND),
        auctions=dict(ledger.auctions),
    )
