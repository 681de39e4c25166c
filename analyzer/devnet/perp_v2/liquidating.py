"""Liquidations of positions and of collateral: each alone in its block, with its prediction met."""

from __future__ import annotations

import random
from dataclasses import dataclass

from analyzer.devnet.chain import Call
from analyzer.devnet.perp_v2.actions import AccountView
from analyzer.devnet.perp_v2.play import Liquidation, Play, Refused
from analyzer.devnet.roles import of_role
from analyzer.devnet.world import View

PARTIAL_CHANCE = 0.35
A_WAVE = 8
"""Liquidations at one timestamp, at least; larger markets have larger waves."""
ACCOUNTS_A_LIQUIDATION = 40


@dataclass
class Bailiff:
    """Executes liquidations until its quotas are used up."""

    play: Play
    rng: random.Random
    positions_left: int
    collaterals_left: int

    def __post_init__(self) -> None:
        self.quota = self.left
        self.roles = {p.address: p.role for p in self.play.people}

    @property
    def left(self) -> int:
        """How many liquidations are still to be made."""
        return self.positions_left + self.collaterals_left

    def wave(self) -> int:
        """Some liquidations after one new block; returns how many were executed."""
        most = max(A_WAVE, len(self.play.people) // ACCOUNTS_A_LIQUIDATION)
        accounts = self._account_views()
        self._cancel_orders([s for s in accounts if s.liquidatable and s.has_order])
        solvent_first = self.rng.random() < 0.5
        accounts.sort(key=lambda s: self._priority(s, solvent_first=solvent_first))
        self.play.mine(self.rng.randint(5, 40))
        executed = 0
        for account in accounts:
            if executed >= most:
                break
            executed += self._liquidate(account)
        return executed

    def _priority(
        self, account: AccountView, *, solvent_first: bool
    ) -> tuple[bool, bool, bool, float]:
        """Whales first (the fund may refuse them), then who was begun with, then the others."""
        role = self.roles[account.address]
        begun = any(row.trader == account.address for row in self.play.liquidations)
        return (
            role != "whale",
            not begun,
            solvent_first and account.account_value < 0,
            self.rng.random(),
        )

    def _account_views(self) -> list[AccountView]:
        everyone = of_role(self.play.people, "trader", "whale", "maker", "tiny", "holder")
        actions = self.play.actions
        return actions.account_views(actions.in_trouble([p.address for p in everyone]))

    def _cancel_orders(self, accounts: list[AccountView]) -> None:
        for account in accounts:
            for _, market in self.play.markets():
                self.play.world.queue(
                    self.play.actions.cancel_orders(self.play.arbitrageur, account.address, market)
                )

    def _liquidate(self, account: AccountView) -> int:
        executed = 0
        # In two of three cases the collateral goes first where both are possible.
        collateral_first = self.rng.random() < 0.66
        if account.collateral_liquidatable and collateral_first and self.collaterals_left:
            executed += self._liquidate_collateral(account)
        if account.liquidatable and self.positions_left:
            executed += self._liquidate_position(account)
        if account.collateral_liquidatable and not executed and self.collaterals_left:
            executed += self._liquidate_collateral(account)
        return executed

    def _liquidate_position(self, account: AccountView) -> int:
        open_markets = [(i, m) for i, m in self.play.markets() if account.sizes[i]]
        if not open_markets:
            return 0
        index, market = self.rng.choice(open_markets)
        size = account.sizes[index]
        requested = (
            int(size * self.rng.uniform(0.1, 0.7)) if self.rng.random() < PARTIAL_CHANCE else 0
        )
        liquidator = self._liquidator()
        call = self.play.actions.liquidate(liquidator, account.address, market, requested)
        done = self._execute("position", call, account.address, market.address, requested)
        self.positions_left -= done
        return done

    def _liquidate_collateral(self, account: AccountView) -> int:
        (held,) = self.play.actions.collateral_balances([account.address])
        kinds = [c for c, balance in zip(self.play.perp.collaterals, held, strict=True) if balance]
        kind = self.rng.choice(kinds)
        vault = self.play.perp.core.vault
        view = View(
            vault,
            "getMaxRepaidSettlementAndLiquidatableCollateral",
            (account.address, kind.token.address),
        )
        (answer,) = self.play.world.ask([view])
        assert answer is not None, "the view does not revert for a liquidatable account"
        in_settlement = self.rng.random() < 0.4
        most = int(str(answer[0] if in_settlement else answer[1]))
        amount = most if self.rng.random() < 0.6 else int(most * self.rng.uniform(0.2, 0.9))
        liquidator = self._liquidator()
        call = self.play.actions.liquidate_collateral(
            liquidator, account.address, kind.token.address, amount, in_settlement=in_settlement
        )
        done = self._execute(
            "collateral",
            call,
            account.address,
            kind.token.address,
            amount,
            in_settlement=in_settlement,
        )
        self.collaterals_left -= done
        return done

    def _execute(
        self,
        kind: str,
        call: Call,
        trader: str,
        asset: str,
        requested: int,
        *,
        in_settlement: bool = False,
    ) -> int:
        play = self.play
        reason = play.world.refusal(call)
        if reason is not None:
            play.refused.append(
                Refused(kind, play.world.anvil.block_number(), trader, asset, reason)
            )
            return 0
        mined, receipt = play.execute_alone(call)
        play.liquidations.append(
            Liquidation(
                kind,
                mined.number,
                mined.time,
                receipt.tx_hash,
                trader,
                asset,
                call.sender,
                requested,
                in_settlement,
            )
        )
        return 1

    def _liquidator(self) -> str:
        return self.rng.choice(list(of_role(self.play.people, "liquidator"))).address
