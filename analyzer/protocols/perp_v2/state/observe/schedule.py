"""The first reads: parameters, tokens, pauses, and what the market reads depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable, needed
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER, KIND
from analyzer.protocols.perp_v2.logs.fold.ledger import PerpLedger
from analyzer.protocols.perp_v2.records import Config
from analyzer.protocols.perp_v2.state.state import CollateralState
from analyzer.protocols.perp_v2.windows import COLLATERAL_TWAP_S

_HOUSE_CONFIG = {
    "im_ratio": "getImRatio",
    "mm_ratio": "getMmRatio",
    "liquidation_penalty_ratio": "getLiquidationPenaltyRatio",
    "max_funding_rate": "getMaxFundingRate",
    "twap_interval_s": "getTwapInterval",
    "max_markets_per_account": "getMaxMarketsPerAccount",
    "settlement_token_balance_cap": "getSettlementTokenBalanceCap",
}
_NOT_IN_MARGIN = frozenset({"max_markets_per_account", "settlement_token_balance_cap"})
"""Limits on new deposits and markets: no number of an account that exists depends on them."""
_IN_LIQUIDATIONS_ONLY = frozenset(
    {
        "liquidation_penalty_ratio",
        "collateral_liquidation_ratio",
        "cl_insurance_fund_fee_ratio",
        "collateral_value_dust",
    }
)
"""What a liquidation takes, not who can be liquidated: margin stands without them."""
_COLLATERAL_CONFIG = {
    "collateral_mm_ratio_buffer": "getMmRatioBuffer",
    "debt_non_settlement_token_value_ratio": "getDebtNonSettlementTokenValueRatio",
    "collateral_liquidation_ratio": "getLiquidationRatio",
    "cl_insurance_fund_fee_ratio": "getCLInsuranceFundFeeRatio",
    "debt_threshold": "getDebtThreshold",
    "collateral_value_dust": "getCollateralValueDust",
}


@dataclass(slots=True)
class Schedule:
    """What holds for the protocol as a whole at the block.

    config_problem: why a parameter that margin needs is not known (then every account is
    unknown); those that only liquidations need are in `config.unread`. Balances in the token's
    own decimals, None when not read. quote_in_pools: virtual quote tokens that the ClearingHouse
    gave out and did not get back, 18 decimals, None when not read. whitelisted_debt: thresholds
    of all traders that have one of their own, summed, None when not read.
    """

    settlement_token: str
    settlement_symbol: str
    settlement_decimals: int
    quote_token: str | None
    config: Config
    config_problem: Unreadable | None
    collateral: dict[str, CollateralState] = field(default_factory=dict)
    vault_settlement_balance: int | None = None
    insurance_fund_wallet: int | None = None
    quote_in_pools: int | None = None
    whitelisted_debt: int | None = None
    vault_paused: bool = False
    clearing_house_paused: bool = False


@dataclass(slots=True)
class _Tickets:
    """The reads of the first batch that need no settlement token."""

    settlement: Ticket
    decimals: Ticket
    quote: Ticket
    vault_paused: Ticket
    house_paused: Ticket
    whitelisted: Ticket
    parameters: dict[str, Ticket]
    intervals: Ticket
    tokens: dict[str, dict[str, Ticket]]


def read_schedule(deployment: Deployment, ledger: PerpLedger) -> Reading[Schedule]:
    """Parameters, collateral tokens and balances.

    Raises: InputError when the Vault does not answer like a Vault; UnreadError when the node or
    the recording cannot say what the settlement token is.
    """
    contracts = deployment.contracts
    batch = Batch(ABI_FOLDER)
    tickets = _ask(batch, contracts, ledger.collateral_tokens)
    replies = yield from batch.read()
    token = needed(replies.text(tickets.settlement), contracts["vault"], KIND)
    decimals = needed(replies.number(tickets.decimals), contracts["vault"], KIND)
    config, problem = _config(replies, tickets, ledger.config)
    balances = Batch(ABI_FOLDER)
    symbol = balances.call("ERC20", token, "symbol", evidence=True)
    in_vault = balances.call("ERC20", token, "balanceOf", contracts["vault"])
    in_fund = balances.call("ERC20", token, "balanceOf", contracts["insurance_fund"])
    quote = replies.text(tickets.quote)
    given_out = _ask_quote(balances, quote, contracts["clearing_house"])
    second = yield from balances.read()
    name = second.text(symbol)
    return Schedule(
        settlement_token=token,
        settlement_symbol=token if isinstance(name, Unreadable) else name,
        settlement_decimals=decimals,
        quote_token=None if isinstance(quote, Unreadable) else quote,
        config=config,
        config_problem=problem,
        collateral={
            address: _collateral(replies, address, asked)
            for address, asked in tickets.tokens.items()
        },
        vault_settlement_balance=second.optional(in_vault),
        insurance_fund_wallet=second.optional(in_fund),
        quote_in_pools=_quote_in_pools(second, given_out),
        whitelisted_debt=replies.optional(tickets.whitelisted),
        vault_paused=bool(replies.optional(tickets.vault_paused)),
        clearing_house_paused=bool(replies.optional(tickets.house_paused)),
    )


def _ask(batch: Batch, contracts: Mapping[str, str], tokens: Iterable[str]) -> _Tickets:
    """The first batch."""
    vault, house = contracts["vault"], contracts["clearing_house"]
    settings, manager = contracts["clearing_house_config"], contracts["collateral_manager"]
    parameters = {
        field_name: batch.call("ClearingHouseConfig", settings, function)
        for field_name, function in _HOUSE_CONFIG.items()
    } | {
        field_name: batch.call("CollateralManager", manager, function)
        for field_name, function in _COLLATERAL_CONFIG.items()
    }
    return _Tickets(
        settlement=batch.call("Vault", vault, "getSettlementToken"),
        decimals=batch.call("Vault", vault, "decimals"),
        quote=batch.call("ClearingHouse", house, "getQuoteToken"),
        vault_paused=batch.call("Vault", vault, "paused"),
        house_paused=batch.call("ClearingHouse", house, "paused"),
        whitelisted=batch.call(
            "CollateralManager", manager, "getTotalWhitelistedDebtThreshold", evidence=True
        ),
        parameters=parameters,
        intervals=batch.call("ClearingHouseConfig", settings, "getMarkPriceConfig"),
        tokens={token: _ask_token(batch, manager, vault, token) for token in tokens},
    )


def _ask_token(batch: Batch, manager: str, vault: str, token: str) -> dict[str, Ticket]:
    """What one collateral token needs."""

    def ask(function: str, *args: object) -> Ticket:
        return batch.call("CollateralManager", manager, function, token, *args, about=token)

    return {
        "config": ask("getCollateralConfig"),
        "price": ask("getPrice", COLLATERAL_TWAP_S),
        "feed_decimals": ask("getPriceFeedDecimals"),
        "decimals": batch.call("ERC20", token, "decimals", about=token),
        "symbol": batch.call("ERC20", token, "symbol", about=token, evidence=True),
        "held": batch.call("ERC20", token, "balanceOf", vault, about=token, evidence=True),
    }


def _ask_quote(batch: Batch, quote: str | Unreadable, house: str) -> tuple[Ticket, Ticket] | None:
    """How many virtual quote tokens there are, and how many of them the ClearingHouse has: it is
    minted all of them and hands them to the pools of all markets."""
    if isinstance(quote, Unreadable):
        return None
    return (
        batch.call("ERC20", quote, "totalSupply", about="quote token", evidence=True),
        batch.call("ERC20", quote, "balanceOf", house, about="quote token", evidence=True),
    )


def _quote_in_pools(replies: Replies, asked: tuple[Ticket, Ticket] | None) -> int | None:
    """What the ClearingHouse does not hold of the quote token; None when not read."""
    if asked is None:
        return None
    supply, left = (replies.optional(ticket) for ticket in asked)
    return None if supply is None or left is None else supply - left


def _config(
    replies: Replies, tickets: _Tickets, from_logs: Config
) -> tuple[Config, Unreadable | None]:
    """The parameters as their getters have them; thresholds of single traders from logs."""
    values: dict[str, int] = {}
    unread: dict[str, Unreadable] = {}
    problem: Unreadable | None = None
    for name, ticket in tickets.parameters.items():
        number = replies.number(ticket)
        if not isinstance(number, Unreadable):
            values[name] = number
        elif name in _IN_LIQUIDATIONS_ONLY:
            unread[name] = number
        elif name not in _NOT_IN_MARGIN:
            problem = problem or number
    pair = replies.values(tickets.intervals)
    if isinstance(pair, Unreadable):
        problem = problem or pair
    else:
        long, premium = pair
        if isinstance(long, int) and isinstance(premium, int):
            values |= {"mark_market_twap_interval_s": long, "mark_premium_interval_s": premium}
    config = replace(from_logs, unread=unread)
    for name, value in values.items():
        setattr(config, name, value)
    return config, problem


def _collateral(replies: Replies, token: str, asked: Mapping[str, Ticket]) -> CollateralState:
    """One token; when any part of it cannot be read its price is unreadable, which makes
    whoever holds it unknown."""
    settings = replies.value(asked["config"])
    feed_decimals = replies.number(asked["feed_decimals"])
    decimals, price = replies.number(asked["decimals"]), replies.number(asked["price"])
    symbol = replies.text(asked["symbol"])
    state = CollateralState(
        token=token,
        symbol=token if isinstance(symbol, Unreadable) else symbol,
        decimals=18,
        feed_decimals=18,
        price=price,
        collateral_ratio=0,
        discount_ratio=0,
        deposit_cap=0,
        vault_token_balance=replies.optional(asked["held"]),
    )
    for part in (settings, feed_decimals, decimals):
        if isinstance(part, Unreadable):
            state.price = part
            return state
    if isinstance(decimals, int) and isinstance(feed_decimals, int):
        state.decimals, state.feed_decimals = decimals, feed_decimals
    if isinstance(settings, tuple):
        state.feed, state.collateral_ratio, state.discount_ratio, state.deposit_cap = settings
    return state
