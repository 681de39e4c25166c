"""Aave V3 as a liquidation bot sees it: the pool's own answers, and simulated calls of it.

Nothing of the analyzer is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from depth_money import Thing
from liquidation_bot import Closure, Outcome
from plain_rpc import Ask, Eyes, Function, Log, address_of, topic

UNLIMITED = 2**256 - 1
HEALTHY = 10**18
MOST_RESERVES = 128
FACTORS = {"WETH": "ETH", "WBTC": "BTC", "wstETH": "stETH/ETH"}
"""What depth files call tokens by another name than their own."""
ORACLE_UNIT = 10**8

BORROWED = topic("Borrow(address,address,address,uint256,uint8,uint256,uint16)")
LIQUIDATED = topic("LiquidationCall(address,address,address,uint256,uint256,address,bool)")
DEFICIT = topic("DeficitCreated(address,address,uint256)")
LIQUIDATE = Function("liquidationCall(address,address,address,uint256,bool)")
ACCOUNT = Function("getUserAccountData(address)", ("uint256",) * 6)
CONFIGURATION = Function("getUserConfiguration(address)", ("uint256",))
RESERVE = Function("getReserveAddressById(uint16)", ("address",))
PRICE = Function("getAssetPrice(address)", ("uint256",))
UNIT = Function("decimals()", ("uint8",))
SYMBOL = Function("symbol()", ("string",))
BALANCES = Function("getUserReserveData(address,address)", ("uint256",) * 8 + ("bool",))


@dataclass(frozen=True)
class Pair(Closure):
    """A collateral and a debt of an account."""

    collateral: str = ""
    debt: str = ""


@dataclass
class AavePool:
    """The pool. data_provider: the protocol's own contract for what accounts hold.

    deficits: what was burned unpaid: (asset, raw units), by the bot's own transactions."""

    eyes: Eyes
    pool: str
    oracle: str
    data_provider: str
    deficits: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        asked = [Ask(self.pool, RESERVE, (number,)) for number in range(MOST_RESERVES)]
        found = [str(answer[0]) for answer in self.eyes.ask(asked) if answer is not None]
        self.assets = {n: address_of(a) for n, a in enumerate(found) if int(a, 16)}
        logs = self.eyes.logs(self.pool, BORROWED)
        self.borrowers = sorted({address_of(log.topics[2]) for log in logs})

    def prices(self) -> dict[str, Fraction]:
        """USD of every asset, as the oracle says."""
        answers = self._of_assets([Ask(self.oracle, PRICE, (a,)) for a in self.assets.values()])
        return {a: Fraction(int(str(value)), ORACLE_UNIT) for a, value in answers.items()}

    def things(self, first: Mapping[str, Fraction]) -> dict[str, Thing]:
        """All that the bot may have to trade, at the oracle's prices of now. first: the prices at
        the block of the depth file."""
        units = self._of_assets([Ask(asset, UNIT) for asset in self.assets.values()])
        names = self._of_assets([Ask(asset, SYMBOL) for asset in self.assets.values()])
        now = self.prices()
        return {
            asset: Thing(
                FACTORS.get(str(name), str(name)),
                10 ** int(str(units[asset])),
                first[asset],
                now[asset],
            )
            for asset, name in names.items()
        }

    def _of_assets(self, asked: Sequence[Ask]) -> dict[str, object]:
        """The answer for each asset."""
        out = {}
        for asset, answer in zip(self.assets.values(), self.eyes.ask(asked), strict=True):
            assert answer is not None, asset
            out[asset] = answer[0]
        return out

    def accounts(self) -> dict[str, tuple[int, int, int]]:
        """Borrower -> (collateral and debt in the oracle's units, health factor)."""
        answers = self.eyes.ask([Ask(self.pool, ACCOUNT, (who,)) for who in self.borrowers])
        out = {}
        for who, answer in zip(self.borrowers, answers, strict=True):
            assert answer is not None, who
            out[who] = (int(str(answer[0])), int(str(answer[1])), int(str(answer[5])))
        return out

    def unhealthy(self) -> list[str]:
        """Whose health factor is below 1."""
        return [who for who, (_, _, health) in self.accounts().items() if health < HEALTHY]

    def closures(self, account: str) -> list[Closure]:
        """Each of its collaterals with each of its debts, by the pool's own bits; none of a healthy
        account."""
        (standing,) = self.eyes.ask([Ask(self.pool, ACCOUNT, (account,))])
        assert standing is not None, account
        if int(str(standing[5])) >= HEALTHY:
            return []
        bits = int(str(self.eyes.one(Ask(self.pool, CONFIGURATION, (account,)))))
        debts = [(n, a) for n, a in self.assets.items() if bits >> (2 * n) & 1]
        held = [(n, a) for n, a in self.assets.items() if bits >> (2 * n + 1) & 1]
        asked = [Ask(self.data_provider, BALANCES, (asset, account)) for _, asset in debts]
        owed = []
        for answer in self.eyes.ask(asked):
            assert answer is not None
            owed.append(int(str(answer[1])) + int(str(answer[2])))
        return [
            Pair(account, f"{c:03}/{d:03}", amount, collateral, debt)
            for c, collateral in held
            for (d, debt), amount in zip(debts, owed, strict=True)
            if amount
        ]

    def tried(self, closure: Closure, amounts: Sequence[int | None]) -> list[Outcome | None]:
        """Simulated calls; where the reserve cannot pay out, for its receipt tokens."""
        tries = [[self._call(closure, amount, receipt=False)] for amount in amounts]
        found = self.eyes.simulate(tries)
        again = [place for place, (trial,) in enumerate(found) if not trial.ok]
        if again:
            tries = [[self._call(closure, amounts[n], receipt=True)] for n in again]
            for place, trials in zip(again, self.eyes.simulate(tries), strict=True):
                found[place] = trials
        return [_outcome(trial.logs) if trial.ok else None for (trial,) in found]

    def close(self, closure: Closure, amount: int | None) -> Outcome:
        """The call; for receipt tokens where it would revert otherwise."""
        plain = self._call(closure, amount, receipt=False)
        ((trial,),) = self.eyes.simulate([[plain]])
        call = plain if trial.ok else self._call(closure, amount, receipt=True)
        logs = self.eyes.send(*call)
        for log in logs:
            if log.topics[0] == DEFICIT:
                self.deficits.append(
                    (address_of(log.topics[2]), int(str(log.values("uint256")[0])))
                )
        return _outcome(logs)

    def _call(self, closure: Closure, amount: int | None, *, receipt: bool) -> tuple[str, str]:
        """(to, input)."""
        assert isinstance(closure, Pair)
        asked = UNLIMITED if amount is None else amount
        who = (closure.collateral, closure.debt, closure.account)
        return self.pool, LIQUIDATE.data(*who, asked, receipt)


def _outcome(logs: Sequence[Log]) -> Outcome:
    """What the pool's event says."""
    (log,) = (log for log in logs if log.topics[0] == LIQUIDATED)
    repaid, seized = log.values("uint256", "uint256", "address", "bool")[:2]
    changes = {address_of(log.topics[1]): int(str(seized))}
    debt = address_of(log.topics[2])
    changes[debt] = changes.get(debt, 0) - int(str(repaid))
    return Outcome(int(str(repaid)), {a: n for a, n in changes.items() if n})
