"""Liquidations: each alone in its block; what the pool refuses is noted with its reason."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.devnet.aave_v3.account_views import AccountView, account_views
from analyzer.devnet.aave_v3.market import Reserve
from analyzer.devnet.aave_v3.play import Liquidation, Play, Refused
from analyzer.devnet.chain import Call
from analyzer.devnet.roles import of_role
from analyzer.devnet.tokens import UNLIMITED

A_WAVE = 10
"""Liquidations at one timestamp."""
BEST_PAIR_CHANCE = 0.65
KEEP_SUPPLY_CHANCE = 0.3
CLOSE_FACTOR_HEALTH = 95 * 10**16
"""Above this health factor only a part of a debt may be liquidated."""
MISGUIDED = 2
"""Attempts a wave that the pool must refuse."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A liquidation that somebody wants to make."""

    liquidator: str
    user: str
    collateral: Reserve
    debt: Reserve
    requested: int
    keep_supply: bool


@dataclass
class Bailiff:
    """Executes liquidations until its quota is used up."""

    play: Play
    rng: random.Random
    left: int

    def wave(self) -> int:
        """Up to A_WAVE liquidations after one new block; returns how many were executed."""
        everyone = self._account_views()
        wanted = self._wanted(everyone)
        self.play.mine(self.rng.randint(5, 60))
        executed = 0
        for account in wanted:
            if executed >= A_WAVE or not self.left:
                break
            done = self._execute(self._attempt(account))
            executed += done
            self.left -= done
        for attempt in self._misguided(everyone):
            self._refusal(attempt)
        return executed

    def try_all(self) -> None:
        """Asks for the liquidation of everybody who could be; notes the refusals, does nothing."""
        for account in self._wanted(self._account_views()):
            self._refusal(self._attempt(account))

    def _account_views(self) -> list[AccountView]:
        people = [p.address for p in self.play.people if p.role not in ("bank", "liquidator")]
        return account_views(self.play.world, self.play.aave, people)

    def _wanted(self, everyone: Sequence[AccountView]) -> list[AccountView]:
        wanted = [s for s in everyone if s.liquidatable and s.collateral() and s.debts()]
        self.rng.shuffle(wanted)
        # Those near one first: they are few, and the rules treat them differently.
        return sorted(wanted, key=lambda s: s.health_factor <= CLOSE_FACTOR_HEALTH)

    def _attempt(self, account: AccountView) -> Attempt:
        """Who takes what from whom: mostly the largest pair, and as much as is allowed."""
        collateral, debts = self._by_worth(account)
        if self.rng.random() >= BEST_PAIR_CHANCE:
            self.rng.shuffle(collateral)
            self.rng.shuffle(debts)
        owed = account.holdings[debts[0].plan.symbol]
        debt = owed.owed + owed.owed_fixed
        form = self.rng.choices(("most", "all", "half", "part"), (50, 10, 15, 25))[0]
        requested = {
            "most": UNLIMITED,
            "all": debt,
            "half": debt // 2,
            "part": max(1, int(debt * self.rng.uniform(0.02, 0.9))),
        }[form]
        keep = self.rng.random() < KEEP_SUPPLY_CHANCE
        return Attempt(
            self._liquidator(), account.address, collateral[0], debts[0], requested, keep
        )

    def _by_worth(self, account: AccountView) -> tuple[list[Reserve], list[Reserve]]:
        """The user's collateral and debts, the largest in dollars first."""
        reserves, holdings = self.play.aave.reserves, account.holdings

        def worth(reserve: Reserve, amount: int) -> float:
            return float(amount / 10**reserve.plan.decimals * reserve.feed.price_usd)

        collateral = [reserves[s] for s in account.collateral()]
        collateral.sort(key=lambda r: -worth(r, holdings[r.plan.symbol].supplied))
        debts = [reserves[s] for s in account.debts()]
        debts.sort(
            key=lambda r: (
                -worth(r, holdings[r.plan.symbol].owed + holdings[r.plan.symbol].owed_fixed)
            )
        )
        return collateral, debts

    def _misguided(self, everyone: Sequence[AccountView]) -> list[Attempt]:
        """Attempts against the sound, for what is not owed, and on what is no collateral."""
        sound = [s for s in everyone if not s.liquidatable and s.debts() and s.collateral()]
        out = [self._attempt(s) for s in self.rng.sample(sound, min(MISGUIDED, len(sound)))]
        weak = [s for s in everyone if s.liquidatable and s.debts() and s.collateral()]
        if not weak:
            return out
        account = self.rng.choice(weak)
        right = self._attempt(account)
        others = [r for s, r in self.play.aave.reserves.items() if s not in account.debts()]
        idle = [r for s, r in self.play.aave.reserves.items() if s not in account.collateral()]
        wrong_debt = (right.collateral, self.rng.choice(others))
        wrong_collateral = (self.rng.choice(idle), right.debt)
        out += [
            Attempt(right.liquidator, right.user, collateral, debt, UNLIMITED, False)
            for collateral, debt in (wrong_debt, wrong_collateral)
        ]
        own = (right.user, right.user, right.collateral, right.debt, UNLIMITED, False)
        return [*out, Attempt(*own)]

    def _execute(self, attempt: Attempt) -> int:
        play = self.play
        if self._refusal(attempt):
            return 0
        mined, receipt = play.execute_alone(self._call(attempt))
        play.liquidations.append(
            Liquidation(
                mined.number,
                mined.time,
                receipt.tx_hash,
                attempt.user,
                attempt.collateral.asset,
                attempt.debt.asset,
                attempt.liquidator,
                attempt.requested,
                attempt.keep_supply,
            )
        )
        return 1

    def _refusal(self, attempt: Attempt) -> bool:
        """Whether the pool refuses the attempt on the last block's state; if so it is noted."""
        play = self.play
        reason = play.world.refusal(self._call(attempt))
        if reason is None:
            return False
        play.refused.append(
            Refused(
                play.world.anvil.block_number(),
                attempt.user,
                attempt.collateral.asset,
                attempt.debt.asset,
                attempt.liquidator,
                attempt.requested,
                attempt.keep_supply,
                play.build.error_name(reason),
            )
        )
        return True

    def _call(self, attempt: Attempt) -> Call:
        return self.play.aave.pool.send(
            attempt.liquidator,
            "liquidationCall",
            *(attempt.collateral.asset, attempt.debt.asset, attempt.user),
            *(attempt.requested, attempt.keep_supply),
            label="liquidate",
        )

    def _liquidator(self) -> str:
        return self.rng.choice(list(of_role(self.play.people, "liquidator"))).address
