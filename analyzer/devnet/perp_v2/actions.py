"""Perp V2's actions as transactions, and the views that the scenario steers by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.devnet.chain import Call
from analyzer.devnet.perp_v2.deploy import Collateral, Market, Perp
from analyzer.devnet.tokens import Token
from analyzer.devnet.world import View, World

NO_DEADLINE = (1 << 255) - 1
AS_MUCH_AS_IT_TAKES = 10**26
"""A swap amount (base or quote, 18 decimals) that always reaches its price limit first."""
E12 = 10**12
"""From 6 to 18 decimals."""
LIQUIDATE = "liquidate(address,address,int256)"


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the contracts say of an account: 6-decimal values and 18-decimal taker sizes."""

    address: str
    account_value: int
    maintenance: int
    free_collateral: int
    """At the initial margin ratio, signed."""
    sizes: tuple[int, ...]
    """Taker position size in each market, in the order of `Perp.markets`."""
    has_order: bool
    collateral_liquidatable: bool

    @property
    def liquidatable(self) -> bool:
        """The position test: account value below the maintenance requirement."""
        return self.account_value * E12 < self.maintenance


@dataclass(frozen=True, slots=True)
class Actions:
    """Builds the transactions of one deployment."""

    world: World
    perp: Perp

    def deposit(self, trader: str, token: Token, amount: int) -> list[Call]:
        """Mints, approves and deposits `amount` units of `token`."""
        vault = self.perp.core.vault
        return [
            token.mint(trader, amount),
            token.approve(trader, vault.address),
            vault.send(trader, "deposit", token.address, amount, label="deposit"),
        ]

    def deposit_for(self, giver: str, trader: str, token: Token, amount: int) -> list[Call]:
        """`giver` deposits units of `token` into the account of `trader`."""
        vault = self.perp.core.vault
        return [
            token.mint(giver, amount),
            token.approve(giver, vault.address),
            vault.send(giver, "depositFor", trader, token.address, amount, label="deposit for"),
        ]

    def withdraw(self, trader: str, token: str, amount: int) -> Call:
        """Withdraws units of a token; of USDC it also folds in the owed realized PnL."""
        return self.perp.core.vault.send(trader, "withdraw", token, amount, label="withdraw")

    def withdraw_all(self, trader: str, token: str) -> Call:
        """Withdraws all that is free of a token."""
        return self.perp.core.vault.send(trader, "withdrawAll", token, label="withdraw all")

    def open_notional(self, trader: str, market: Market, quote_e18: int) -> Call:
        """Buys (positive) or sells (negative) base worth `quote_e18` of the quote token."""
        short = quote_e18 < 0
        params = (market.address, short, not short, abs(quote_e18), 0, NO_DEADLINE, 0, bytes(32))
        return self._open(trader, params)

    def open_size(self, trader: str, market: Market, base_e18: int) -> Call:
        """Buys (positive) or sells (negative) exactly `base_e18` of the base token."""
        short = base_e18 < 0
        params = (market.address, short, short, abs(base_e18), 0, NO_DEADLINE, 0, bytes(32))
        return self._open(trader, params)

    def move_price(self, trader: str, market: Market, *, down: bool, sqrt_x96: int) -> Call:
        """Swaps until the pool is at `sqrt_x96`."""
        amount = AS_MUCH_AS_IT_TAKES
        params = (market.address, down, True, amount, 0, NO_DEADLINE, sqrt_x96, bytes(32))
        return self._open(trader, params, "arbitrage")

    def close(self, trader: str, market: Market) -> Call:
        """Closes the taker position (as far as the price limit lets it)."""
        params = (market.address, 0, 0, NO_DEADLINE, bytes(32))
        return self.perp.core.clearing_house.send(trader, "closePosition", params, label="close")

    def add_range(
        self, maker: str, market: Market, ticks: tuple[int, int], amounts: tuple[int, int]
    ) -> Call:
        """Adds a maker range between two ticks with at most these amounts of base and quote."""
        params = (market.address, *amounts, *ticks, 0, 0, False, NO_DEADLINE)
        return self.perp.core.clearing_house.send(maker, "addLiquidity", params, label="add range")

    def remove_range(
        self, maker: str, market: Market, ticks: tuple[int, int], liquidity: int
    ) -> Call:
        """Removes liquidity of a range; 0 only collects its fees."""
        params = (market.address, *ticks, liquidity, 0, 0, NO_DEADLINE)
        label = "remove range" if liquidity else "collect fees"
        return self.perp.core.clearing_house.send(maker, "removeLiquidity", params, label=label)

    def cancel_orders(self, anyone: str, maker: str, market: Market) -> Call:
        """Removes every order of a maker who lacks margin."""
        house = self.perp.core.clearing_house
        return house.send(
            anyone, "cancelAllExcessOrders", maker, market.address, label="cancel orders"
        )

    def settle_funding(self, trader: str) -> Call:
        """Settles the funding of all of the trader's markets."""
        house = self.perp.core.clearing_house
        return house.send(trader, "settleAllFunding", trader, label="settle funding")

    def liquidate(self, liquidator: str, trader: str, market: Market, size: int) -> Call:
        """Takes over a position at the mark price; size 0 asks for as much as is allowed."""
        house = self.perp.core.clearing_house
        return house.send(liquidator, LIQUIDATE, trader, market.address, size, label="liquidate")

    def liquidate_collateral(
        self, liquidator: str, trader: str, token: str, amount: int, *, in_settlement: bool
    ) -> Call:
        """Buys a trader's collateral at the discount, for its USDC debt."""
        args = (trader, token, amount, in_settlement)
        return self.perp.core.vault.send(
            liquidator, "liquidateCollateral", *args, label="liquidate collateral"
        )

    def settle_bad_debt(self, anyone: str, trader: str) -> Call:
        """Charges the insurance fund with what the trader cannot pay."""
        return self.perp.core.vault.send(anyone, "settleBadDebt", trader, label="settle bad debt")

    def quit_market(self, anyone: str, trader: str, market: Market) -> Call:
        """Settles a position in a closed market."""
        house = self.perp.core.clearing_house
        return house.send(anyone, "quitMarket", trader, market.address, label="quit market")

    def account_views(self, traders: Sequence[str]) -> list[AccountView]:
        """What the contracts say of these accounts on the last block."""
        core = self.perp.core
        per_trader = 5 + len(self.perp.markets)
        views = []
        for trader in traders:
            views += [
                View(core.vault, "getAccountValue", (trader,)),
                View(core.account_balance, "getMarginRequirementForLiquidation", (trader,)),
                View(core.vault, "getFreeCollateralByRatio", (trader, 100_000)),
                View(core.account_balance, "hasOrder", (trader,)),
                View(core.vault, "isLiquidatable", (trader,)),
            ]
            views += [
                View(core.account_balance, "getTakerPositionSize", (trader, m.address))
                for m in self.perp.markets
            ]
        answers = [whole(a) for a in self.world.ask(views)]
        out = []
        for at, trader in zip(range(0, len(answers), per_trader), traders, strict=True):
            value, maintenance, free, orders, token, *sizes = answers[at : at + per_trader]
            out.append(
                AccountView(
                    trader,
                    value,
                    maintenance,
                    free,
                    tuple(sizes),
                    bool(orders),
                    bool(token),
                )
            )
        return out

    def in_trouble(self, traders: Sequence[str]) -> list[str]:
        """Those of these accounts that are liquidatable in one way or the other."""
        core = self.perp.core
        views = [
            view
            for trader in traders
            for view in (
                View(core.vault, "getAccountValue", (trader,)),
                View(core.account_balance, "getMarginRequirementForLiquidation", (trader,)),
                View(core.vault, "isLiquidatable", (trader,)),
            )
        ]
        answers = [whole(a) for a in self.world.ask(views)]
        rows = zip(traders, answers[::3], answers[1::3], answers[2::3], strict=True)
        return [trader for trader, v, m, token in rows if token or v * E12 < m]

    def sizes(self, traders: Sequence[str], market: Market) -> list[int]:
        """The taker position size of each account in one market."""
        balance = self.perp.core.account_balance
        views = [View(balance, "getTakerPositionSize", (t, market.address)) for t in traders]
        return [whole(a) for a in self.world.ask(views)]

    def collateral_balances(self, traders: Sequence[str]) -> list[tuple[int, ...]]:
        """The balance of each account in each collateral token, in `Perp.collaterals`' order."""
        held: list[Collateral] = self.perp.collaterals
        views = [
            View(self.perp.core.vault, "getBalanceByToken", (trader, c.token.address))
            for trader in traders
            for c in held
        ]
        answers = [whole(a) for a in self.world.ask(views)]
        width = len(held)
        return [tuple(answers[i : i + width]) for i in range(0, len(answers), width)]

    def pool_sqrt_prices(self) -> list[int]:
        """slot0's square-root price of each market."""
        answers = self.world.ask([View(m.pool, "slot0") for m in self.perp.markets])
        return [whole(a) for a in answers]

    def _open(self, trader: str, params: tuple[object, ...], label: str = "open") -> Call:
        return self.perp.core.clearing_house.send(trader, "openPosition", params, label=label)


def whole(answer: tuple[object, ...] | None) -> int:
    """The first value of an answer, an integer, of a view that does not revert on this chain."""
    value = tuple_of(answer, least=1)[0]
    assert isinstance(value, int), "the view answers with an integer"
    return value


def tuple_of(answer: tuple[object, ...] | None, *, least: int = 0) -> tuple[object, ...]:
    """The values of an answer, or those of the struct that is its only value."""
    assert answer is not None, "a view of the local chain reverted"
    first = answer[0] if answer else None
    values = first if isinstance(first, tuple) else answer
    assert len(values) >= least, "the answer is shorter than it should be"
    return values
