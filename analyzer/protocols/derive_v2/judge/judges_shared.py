"""What is asked about the shared contracts: feeds, perps, cash, the auction house."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.derive_v2.judge.judges import Bench, Values, ask, compute
from analyzer.protocols.derive_v2.records.options import decode_sub_id
from analyzer.protocols.derive_v2.records.parameters import SrmMarket
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.value import feeds, perps
from analyzer.protocols.derive_v2.value.cash import exchange_rate, withdraw_blocked
from analyzer.protocols.derive_v2.value.svi import volatility
from analyzer.protocols.kit.judging import Question


def shared_judges(bench: Bench) -> Iterator[Judge]:
    """Every view of the deployment that is about no single account."""
    yield from _cash(bench)
    yield from _auction_house(bench)
    for perp in bench.state.perps.values():
        yield from _perp(bench, perp)
    yield from _price_feeds(bench)
    yield from _expiry_feeds(bench)
    yield from _volatilities(bench)


def _cash(bench: Bench) -> Iterator[Judge]:
    """The indexes that logs tell, and the exchange rate."""
    cash = bench.state.cash
    stored = {
        "borrowIndex": cash.borrow_index,
        "supplyIndex": cash.supply_index,
    }
    for function, value in stored.items():
        question = Question("CashAsset", cash.address, function, (), (f"cash.{function}",))
        yield from ask(bench, question, (value,))
    rate = Question(
        "CashAsset", cash.address, "getCashToStableExchangeRate", (), ("cash.exchange_rate",)
    )
    yield from ask(bench, rate, compute(lambda: (exchange_rate(cash),)))


def _auction_house(bench: Bench) -> Iterator[Judge]:
    """Whether withdrawals are blocked."""
    state, address = bench.state, bench.state.auction_house.address
    blocked = Question(
        "DutchAuction", address, "getIsWithdrawBlocked", (), ("auction.withdraw_blocked",)
    )
    yield from ask(bench, blocked, compute(lambda: (withdraw_blocked(state),)))


def _perp(bench: Bench, perp: PerpMarket) -> Iterator[Judge]:
    """Prices, funding and what is stored."""
    state = bench.state

    def impact() -> tuple[int, int]:
        bid, _ = feeds.diff_result(state, perp.impact_bid_feed)
        ask_price, _ = feeds.diff_result(state, perp.impact_ask_feed)
        return bid, ask_price

    questions: list[tuple[str, tuple[str, ...], Values]] = [
        (
            "getPerpPrice",
            ("perp.price", "perp.confidence"),
            compute(lambda: perps.perp_price(state, perp)),
        ),
        (
            "getIndexPrice",
            ("perp.index", "perp.index_confidence"),
            compute(lambda: feeds.spot(state, perp.spot_feed)),
        ),
        ("getImpactPrices", ("perp.impact_bid", "perp.impact_ask"), compute(impact)),
        (
            "getFundingRate",
            ("perp.funding_rate",),
            compute(lambda: (perps.funding_rate(state, perp),)),
        ),
        ("isDisabled", ("perp.disabled",), (perp.disabled,)),
        ("frozenPerpPrice", ("perp.frozen_price",), (perp.frozen_price,)),
    ]
    for function, fields, values in questions:
        question = Question("PerpAsset", perp.address, function, (), fields, market_id=perp.address)
        yield from ask(bench, question, values)


def _price_feeds(bench: Bench) -> Iterator[Judge]:
    """Spot prices and differences to spot."""
    state, fields = bench.state, ("feeds.price", "feeds.confidence")
    for address in state.feeds.spot:
        question = Question("SpotFeed", address, "getSpot", (), fields)
        yield from ask(bench, question, compute(partial(feeds.spot, state, address)))
    for address in state.feeds.diff:
        question = Question("SpotDiffFeed", address, "getResult", (), fields)
        yield from ask(bench, question, compute(partial(feeds.diff_result, state, address)))


def _expiry_feeds(bench: Bench) -> Iterator[Judge]:
    """Forwards, settlement prices and rates of every expiry that was ever signed."""
    state = bench.state
    for address, forward in state.feeds.forward.items():
        for expiry in forward.expiries:
            portions = Question(
                "ForwardFeed",
                address,
                "getForwardPricePortions",
                (expiry,),
                ("feeds.fixed", "feeds.variable", "feeds.confidence"),
            )
            yield from ask(bench, portions, compute(partial(_portions, bench, address, expiry)))
            settlement = Question(
                "ForwardFeed",
                address,
                "getSettlementPrice",
                (expiry,),
                ("feeds.settled", "feeds.settlement_price"),
            )
            final = feeds.settlement_price(state, address, expiry)
            yield from ask(bench, settlement, (final is not None, final or 0))
    for address, rate in state.feeds.rate.items():
        for expiry in rate.expiries:
            question = Question(
                "RateFeed",
                address,
                "getInterestRate",
                (expiry,),
                ("feeds.rate", "feeds.confidence"),
            )
            value = compute(partial(feeds.interest_rate, state, address, expiry))
            yield from ask(bench, question, value)


def _portions(bench: Bench, feed: str, expiry: int) -> Sequence[Expected]:
    """A forward price as the view's outputs."""
    found = feeds.forward(bench.state, feed, expiry)
    return found.fixed, found.variable, found.confidence


def _volatilities(bench: Bench) -> Iterator[Judge]:
    """The volatility of every strike and expiry that somebody holds."""
    state = bench.state
    held = {
        (h.asset, h.sub_id)
        for account in state.accounts.values()
        for h in account.balances
        if h.asset in state.options
    }
    for asset, sub_id in sorted(held):
        _, market_id = state.srm.assets.get(asset, (None, 0))
        market = state.srm.markets.get(market_id)
        if not isinstance(market, SrmMarket):
            continue
        option = decode_sub_id(sub_id)
        question = Question(
            "VolFeed",
            market.vol_feed,
            "getVol",
            (option.strike, option.expiry),
            ("feeds.vol", "feeds.confidence"),
        )
        value = compute(partial(_vol, bench, market.vol_feed, option.strike, option.expiry))
        yield from ask(bench, question, value)


def _vol(bench: Bench, feed: str, strike: int, expiry: int) -> Sequence[Expected]:
    """getVol's outputs."""
    data = feeds.vol_data(bench.state, feed, expiry)
    return volatility(strike, data), data.confidence
