"""What may be decided about GMX V2 positions: they grow, give collateral back, close, by its rules.

An account is one position: it grows on its own side alone, with the fee and the impact of the
protocol; the other side is another position. The test is the trader's own order's
(`validatePosition`): what remains after closing all of it against MIN_COLLATERAL_USD and
MIN_COLLATERAL_FACTOR of the size. A close is the contract's too: nothing is traded outside.

Source: gmx-synthetics v2.2 `IncreasePositionUtils.sol`, `DecreasePositionUtils.sol`,
`PositionUtils.sol` (validatePosition, willPositionCollateralBeSufficient), `MarketUtils.sol`
(validateOpenInterestReserve).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analyzer.model.book import Book
from analyzer.protocols.decisions import (
    Claim,
    ExitPool,
    OwnPool,
    Parameter,
    Reduction,
    Resize,
)
from analyzer.protocols.gmx_v2.close.decrease import Decrease, decrease
from analyzer.protocols.gmx_v2.close.increase import (
    increase,
    reserve_left,
    settled,
    withdrawable_without_profit,
)
from analyzer.protocols.gmx_v2.close.motion import accrue, apply, in_motion
from analyzer.protocols.gmx_v2.fixed_point import ONE
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.settings import DISABLED
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.margin import TO_E18, down_e18, initial_e18
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import (
    Unreadable,
    UnreadableNumberError,
    attempt,
    known,
    reverts,
)

FACTOR_DECIMALS = 30
UNJUDGED = (
    "GMX V2 also asks MAX_OPEN_INTEREST, RESERVE_FACTOR, MIN_POSITION_SIZE_USD and"
    " MIN_COLLATERAL_FACTOR_FOR_OPEN_INTEREST_MULTIPLIER, which are not read: any may end it before"
)
_LEAST = "min_collateral"
_CLOSE = "close by the owner"
_OF_MARKET = {
    "min_factor": ("MIN_COLLATERAL_FACTOR", "collateral that a trader's own order must leave"),
    "liquidation_factor": (
        "MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION", "collateral below which a keeper liquidates",
    ),
    "impact_cap": (
        "MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS", "impact that a liquidation counts at most",
    ),
    "liquidation_fee": ("LIQUIDATION_FEE_FACTOR", "what a liquidated position pays of its size"),
}  # fmt: skip


def decide(valued: GmxValued) -> GmxDecisions:
    """What the book allows."""
    return GmxDecisions(valued)


class GmxDecisions:
    """See `decisions.Decisions`."""

    def __init__(self, valued: GmxValued) -> None:
        self._valued = valued
        self._state = valued.state
        self._at_block: dict[str, GmxState] = {}

    def parameters(self) -> Sequence[Parameter]:
        """The least collateral, then what was read of each market."""
        found = []
        least = self._state.settings["MIN_COLLATERAL_USD"]
        if isinstance(least, int):
            text = "least collateral of any position"
            found.append(Parameter(_LEAST, least, FACTOR_DECIMALS, 0, ONE * 10**9, "USD", text))
        for market, held in self._state.markets.items():
            for name, (setting, text) in _OF_MARKET.items():
                value = held.settings[setting]
                if isinstance(value, int):
                    place = f"{name}:{self._name(market)}"
                    found.append(
                        Parameter(place, value, FACTOR_DECIMALS, 0, ONE, "share of the size", text)
                    )
        return found

    def with_parameters(self, values: Mapping[str, int]) -> Book:
        """The book under other settings. Raises: KeyError."""
        settings, markets = dict(self._state.settings), dict(self._state.markets)
        by_name = {self._name(market): market for market in markets}
        for name, value in values.items():
            if name == _LEAST:
                settings["MIN_COLLATERAL_USD"] = value
                continue
            kind, _, place = name.partition(":")
            market = markets[by_name[place]]
            changed = {**market.settings, _OF_MARKET[kind][0]: value}
            markets[by_name[place]] = replace(market, settings=changed)
        state = replace(self._state, settings=settings, markets=markets)
        return replace(self._valued.book, state=state)

    def _name(self, market: str) -> str:
        """A market as a parameter names it; its address where two have one name."""
        symbol = self._state.symbol(market)
        names = [self._state.symbol(one) for one in self._state.markets]
        return symbol if names.count(symbol) == 1 else market

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """More of the position on its own side, and collateral that is taken out; nothing in a
        market that is disabled."""
        position = self._state.positions[account_id]
        valuation, market = self._valued.valuation, self._state.markets[position.market]
        if market.settings[DISABLED] != 0:
            return []
        left = attempt(lambda: reserve_left(valuation.pool(position.market), position.is_long))
        goes = attempt(lambda: withdrawable_without_profit(valuation, position))
        token = self._state.tokens[position.collateral_token]
        return [
            Resize(
                "trade", position.market, self._state.symbol(position.market),
                self._decimals(position.market), _most(left),
                "what the pool may reserve" if isinstance(left, int) else "",
                sides=(1,) if position.is_long else (-1,), unjudged=UNJUDGED,
            ),
            Resize(
                "withdraw", position.collateral_token, token.symbol, token.decimals, _most(goes),
                "collateral without profit" if isinstance(goes, int) else "", unjudged=UNJUDGED,
            ),
        ]  # fmt: skip

    def _decimals(self, market: str) -> int:
        """Of amounts of the index token; a synthetic's are those it is shown with."""
        token = self._state.tokens.get(self._state.markets[market].ledger.index_token)
        return 18 if token is None else token.decimals

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The position after it grew, at the protocol's own price with its fee and impact, or gave
        collateral back. price_e18 moves nothing: the pool has one price. Raises: KeyError,
        UnreadableNumberError."""
        position = self._state.positions[account_id]
        if not amount:
            return self._alone(account_id, self._state)
        valuation, state = self._opened(position)
        if resize.kind == "withdraw":
            after = settled(valuation, position)
            left = after.collateral_amount - amount
            state.positions[account_id] = replace(after, collateral_amount=left)
        else:
            increase(valuation, state, position, abs(amount))
        return self._alone(account_id, state)

    def _opened(self, position: Position) -> tuple[Valuation, GmxState]:
        """(the state with the position's market at the block, a copy of it to write into)."""
        market = position.market
        if market not in self._at_block:
            state = in_motion(self._state)
            accrue(Valuation(state, self._valued.prices.pairs), market)
            self._at_block[market] = state
        base = self._at_block[market]
        return Valuation(base, self._valued.prices.pairs), in_motion(base)

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """The position, closed against its pool."""
        position = self._state.positions[account_id]
        numbers = self._valued.valuation.numbers(account_id)
        if isinstance(numbers, Unreadable) or not position.size_in_tokens:
            return []
        return [
            Reduction(
                "close", position.market, self._state.symbol(position.market),
                self._decimals(position.market), position.size_in_tokens,
                1 if position.is_long else -1,
            )
        ]  # fmt: skip

    def _decreased(self, account_id: str, amount: int) -> tuple[Decrease, GmxState]:
        """(a close of so many index tokens, the copy that it is to be written into)."""
        position = self._state.positions[account_id]
        valuation, state = self._opened(position)
        whole = amount >= position.size_in_tokens
        usd = position.size_in_usd
        if not whole:
            usd = usd * amount // position.size_in_tokens
        return decrease(valuation, position, usd, liquidation=False), state

    def executed_e18(self, account_id: str, reduction: Reduction, amount: int) -> int:
        """What closing `amount` is worth to its owner, 18 decimals: its value at the reference
        price, less the position fee and the impact that is charged. Raises: KeyError;
        UnreadableNumberError, also where the contract refuses the order: it does not let an owner
        leave with a debt, nor leave a rest that its test of leverage fails."""
        found, state = self._decreased(account_id, amount)
        if found.settlement.at_step:
            raise UnreadableNumberError(reverts(_CLOSE, "InsufficientFundsToPayForCosts"))
        apply(state, found)
        if account_id in state.positions:
            rest = Valuation(state, self._valued.prices.pairs).numbers(account_id)
            if known(rest).user.reason_with(None):
                raise UnreadableNumberError(reverts(_CLOSE, "LiquidatablePosition"))
        price = self._valued.prices.e18(reduction.asset_id) or 0
        value = amount * price // 10**reduction.decimals
        cost = found.fee.net * self._valued.valuation.collateral_price(found.position)
        cost -= found.execution.total_usd
        return int(value - reduction.sign * (cost // TO_E18))

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The position after a part of it was closed as the contract closes it; nothing is left of
        one that is closed whole. received_e18 moves nothing: the pool pays what it pays."""
        if not amount:
            return self._alone(account_id, self._state)
        found, state = self._decreased(account_id, amount)
        apply(state, found)
        if account_id not in state.positions:
            gone = replace(
                found.position, size_in_usd=0, size_in_tokens=0, collateral_amount=0,
                pending_impact_amount=0,
            )  # fmt: skip
            state.positions[account_id] = gone
        return self._alone(account_id, state)

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """Its pools are no Uniswap pools: `executed_e18` says what a close fetches."""
        return None

    def exit_pools(self) -> Sequence[ExitPool]:
        """Collateral of positions by token: it lies in the vaults of the markets and is lent to
        nobody. Holders of market tokens are not in the book, so what they may take is not told."""
        claims: dict[str, list[Claim]] = {}
        for account_id in self._valued.book.account_ids:
            position = self._state.positions[account_id]
            held = claims.setdefault(position.collateral_token, [])
            amount = position.collateral_amount
            held.append(Claim(account_id, amount, min(self._free(position), amount)))
        return [
            ExitPool(
                token, self._state.tokens[token].symbol, self._state.tokens[token].decimals,
                sum(one.amount for one in held), 0, held,
            )
            for token, held in claims.items()
        ]  # fmt: skip

    def _free(self, position: Position) -> int:
        """The most collateral that the position's own order may take out, raw."""
        valuation = self._valued.valuation
        if self._state.markets[position.market].settings[DISABLED] != 0:
            return 0
        after = attempt(lambda: settled(valuation, position))
        most = attempt(lambda: withdrawable_without_profit(valuation, position))
        if isinstance(after, Unreadable) or isinstance(most, Unreadable):
            return 0

        def passes(amount: int) -> bool:
            left = replace(after, collateral_amount=after.collateral_amount - amount)
            found = valuation.numbers_of(left)
            if isinstance(found, Unreadable) or left.collateral_amount < 0:
                return False
            return down_e18(found.keeper.remaining) >= initial_e18(found)

        low, high = 0, most + 1
        if not passes(0):
            return 0
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if passes(middle) else (low, middle)
        return low

    def _alone(self, account_id: str, state: GmxState) -> Book:
        """The book of one position as a state has it."""
        number = list(self._valued.book.account_ids).index(account_id)
        return replace(self._valued.book.part([number]), state=state)


def _most(found: int | Unreadable) -> int | None:
    """A bound; None where it was not read."""
    return found if isinstance(found, int) else None
