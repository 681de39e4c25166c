"""Perp V2 as a liquidation bot sees it: the contracts' own answers, and simulated calls of them.

What a closure gives the bot is the difference of what the contracts say of it before and after a
simulated call: base that it holds, quote and realised profit, tokens and dollars in its wallet.
Nothing of the analyzer is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from depth_money import Thing
from eth_abi import decode
from liquidation_bot import Closure, Outcome
from plain_rpc import Ask, Eyes, Function, Log, Trial, address_of, topic

E18 = 10**18
CASH = "cash"
"""Dollars, 18 decimals, wherever the bot has them."""
DOLLAR = "USD"
CASH_SCALE = 10**12
"""The settlement token has 6 decimals."""
TWAP_S = 900
"""Over which the protocol prices tokens."""

DEPOSITED = topic("Deposited(address,address,uint256)")
SETTLED = topic("BadDebtSettled(address,uint256)")
ACCOUNT_VALUE = Function("getAccountValue(address)", ("int256",))
MAINTENANCE = Function("getMarginRequirementForLiquidation(address)", ("int256",))
TOKEN_TEST = Function("isLiquidatable(address)", ("bool",))
TOKENS_OF = Function("getCollateralTokens(address)", ("address[]",))
MOST_TOKENS = Function(
    "getMaxRepaidSettlementAndLiquidatableCollateral(address,address)", ("uint256", "uint256")
)
MARKETS_OF = Function("getBaseTokens(address)", ("address[]",))
ORDERED = Function("hasOrder(address)", ("bool",))
TAKER_SIZE = Function("getTakerPositionSize(address,address)", ("int256",))
TAKER_NOTIONAL = Function("getTakerOpenNotional(address,address)", ("int256",))
REALISED = Function("getPnlAndPendingFee(address)", ("int256", "int256", "uint256"))
MARK = Function("getMarkPrice(address)", ("uint256",))
TOKEN_PRICE = Function("getPrice(address,uint256)", ("uint256",))
PRICE_DECIMALS = Function("getPriceFeedDecimals(address)", ("uint8",))
BALANCE = Function("balanceOf(address)", ("uint256",))
DECIMALS = Function("decimals()", ("uint8",))
SYMBOL = Function("symbol()", ("string",))
CANCEL = Function("cancelAllExcessOrders(address,address)")
LIQUIDATE = Function("liquidate(address,address,int256)")
BUY_TOKENS = Function("liquidateCollateral(address,address,uint256,bool)")


@dataclass(frozen=True)
class Position(Closure):
    """A position in a market. cancelled: markets whose orders of the account stand in the way."""

    market: str = ""
    cancelled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tokens(Closure):
    """A token of an account's collateral."""

    token: str = ""


@dataclass(frozen=True)
class Contracts:
    """The addresses that the bot knows. settlement: the dollar that deposits are in."""

    clearing_house: str
    account_balance: str
    vault: str
    collateral_manager: str
    settlement: str


@dataclass
class PerpHouse:
    """The protocol. settled: bad debt that the fund took over in the bot's own transactions, raw
    units of the settlement token."""

    eyes: Eyes
    at: Contracts
    settled: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        logs = self.eyes.logs(self.at.vault, DEPOSITED)
        everyone = {address_of(log.topics[2]) for log in logs}
        self.traders = sorted(everyone - {address_of(self.eyes.sender)})

    def values(self) -> dict[str, int]:
        """Trader -> account value, raw units of the settlement token."""
        asked = [Ask(self.at.vault, ACCOUNT_VALUE, (who,)) for who in self.traders]
        return dict(zip(self.traders, map(_number, self.eyes.ask(asked)), strict=True))

    def unhealthy(self) -> list[str]:
        """Whose positions or tokens can be liquidated now, by the contracts' own tests."""
        needs = [Ask(self.at.account_balance, MAINTENANCE, (who,)) for who in self.traders]
        tests = [Ask(self.at.vault, TOKEN_TEST, (who,)) for who in self.traders]
        values, answers = self.values(), self.eyes.ask([*needs, *tests])
        count = len(self.traders)
        rows = zip(self.traders, answers[:count], answers[count:], strict=True)
        return [
            who
            for who, need, test in rows
            if values[who] * CASH_SCALE < _number(need) or _number(test)
        ]

    def things(self, factors: Mapping[str, str]) -> dict[str, Thing]:
        """All that the bot may have to trade, at the protocol's prices of now. factors: symbol of
        a market or a token -> its name in the depth file."""
        out = {CASH: Thing(DOLLAR, E18, Fraction(1), Fraction(1))}
        for market in self._held(MARKETS_OF, self.at.account_balance):
            raw = self.eyes.one(Ask(self.at.account_balance, MARK, (market,)))
            price = Fraction(int(str(raw)), E18)
            name = str(self.eyes.one(Ask(market, SYMBOL)))
            out[market] = Thing(factors[name], E18, price, price)
        for token in self._held(TOKENS_OF, self.at.vault):
            manager = self.at.collateral_manager
            places = int(str(self.eyes.one(Ask(manager, PRICE_DECIMALS, (token,)))))
            raw = self.eyes.one(Ask(manager, TOKEN_PRICE, (token, TWAP_S)))
            price, name = (
                Fraction(int(str(raw)), 10**places),
                str(self.eyes.one(Ask(token, SYMBOL))),
            )
            unit = 10 ** int(str(self.eyes.one(Ask(token, DECIMALS))))
            out[token] = Thing(factors[name], unit, price, price)
        return out

    def _held(self, function: Function, contract: str) -> list[str]:
        """What any trader has: markets or tokens."""
        answers = self.eyes.ask([Ask(contract, function, (who,)) for who in self.traders])
        found: set[str] = set()
        for answer in answers:
            assert answer is not None
            found |= {address_of(item) for item in _addresses(answer)}
        return sorted(found)

    def closures(self, account: str) -> list[Closure]:
        """Each of its positions and each of its tokens."""
        return [*self._positions(account), *self._tokens(account)]

    def _positions(self, account: str) -> list[Closure]:
        """Its positions where it is below maintenance, its orders cancelled first."""
        value, need, orders, markets = self.eyes.ask(
            [
                Ask(self.at.vault, ACCOUNT_VALUE, (account,)),
                Ask(self.at.account_balance, MAINTENANCE, (account,)),
                Ask(self.at.account_balance, ORDERED, (account,)),
                Ask(self.at.account_balance, MARKETS_OF, (account,)),
            ]
        )
        if _number(value) * CASH_SCALE >= _number(need):
            return []
        assert markets is not None
        names = tuple(address_of(market) for market in _addresses(markets))
        cancelled = names if _number(orders) else ()
        cancels = [(self.at.clearing_house, CANCEL.data(account, m)) for m in cancelled]
        asked = [(self.at.account_balance, TAKER_SIZE.data(account, m)) for m in names]
        (trials,) = self.eyes.simulate([[*cancels, *asked]])
        sizes = [_returned(trial) for trial in trials[len(cancels) :]]
        return [
            Position(account, f"position {market}", size, market, cancelled)
            for market, size in zip(names, sizes, strict=True)
            if size
        ]

    def _tokens(self, account: str) -> list[Closure]:
        """Its tokens where they can be bought."""
        test, held = self.eyes.ask(
            [Ask(self.at.vault, TOKEN_TEST, (account,)), Ask(self.at.vault, TOKENS_OF, (account,))]
        )
        assert held is not None
        if not _number(test):
            return []
        names = [address_of(token) for token in _addresses(held)]
        answers = self.eyes.ask([Ask(self.at.vault, MOST_TOKENS, (account, t)) for t in names])
        out: list[Closure] = []
        for token, answer in zip(names, answers, strict=True):
            assert answer is not None
            repaid, most = (int(str(value)) for value in answer)
            if repaid and most:
                out.append(Tokens(account, f"collateral {token}", most, token))
        return out

    def tried(self, closure: Closure, amounts: Sequence[int | None]) -> list[Outcome | None]:
        """Simulated calls, between the same questions about the bot itself."""
        asked = [(q.to, q.function.data(*q.args)) for q in self._questions(closure)]
        before = self._own(closure)
        cancels = self._cancels(closure)
        tries = [[*cancels, self._call(closure, amount), *asked] for amount in amounts]
        out: list[Outcome | None] = []
        for trials in self.eyes.simulate(tries):
            done, *answers = trials[len(cancels) :]
            after = [_returned(trial) for trial in answers]
            out.append(_outcome(closure, before, after) if done.ok else None)
        return [None if found is None or not found.amount else found for found in out]

    def close(self, closure: Closure, amount: int | None) -> Outcome:
        """The call, orders cancelled before where they stand in the way."""
        for call in self._cancels(closure):
            (trials,) = self.eyes.simulate([[call]])
            if trials[0].ok:
                self.eyes.send(*call)
        before = self._own(closure)
        logs = self.eyes.send(*self._call(closure, amount))
        self.settled += sum(_settled(log) for log in logs)
        return _outcome(closure, before, self._own(closure))

    def _own(self, closure: Closure) -> list[int]:
        """The answers to its questions."""
        return [_number(answer) for answer in self.eyes.ask(self._questions(closure))]

    def _questions(self, closure: Closure) -> list[Ask]:
        """What the bot has that a closure may change."""
        me, at = self.eyes.sender, self.at
        if isinstance(closure, Position):
            return [
                Ask(at.account_balance, TAKER_SIZE, (me, closure.market)),
                Ask(at.account_balance, TAKER_NOTIONAL, (me, closure.market)),
                Ask(at.account_balance, REALISED, (me,)),
            ]
        assert isinstance(closure, Tokens)
        return [Ask(closure.token, BALANCE, (me,)), Ask(at.settlement, BALANCE, (me,))]

    def _cancels(self, closure: Closure) -> list[tuple[str, str]]:
        """The calls that cancel orders in the way."""
        markets = closure.cancelled if isinstance(closure, Position) else ()
        return [(self.at.clearing_house, CANCEL.data(closure.account, m)) for m in markets]

    def _call(self, closure: Closure, amount: int | None) -> tuple[str, str]:
        """(to, input)."""
        if isinstance(closure, Position):
            size = 0 if amount is None else amount if closure.ceiling > 0 else -amount
            call = LIQUIDATE.data(closure.account, closure.market, size)
            return self.at.clearing_house, call
        assert isinstance(closure, Tokens)
        asked = closure.ceiling if amount is None else amount
        return self.at.vault, BUY_TOKENS.data(closure.account, closure.token, asked, False)


def _outcome(closure: Closure, before: Sequence[int], after: Sequence[int]) -> Outcome:
    """What changed for the bot."""
    moved = [b - a for a, b in zip(before, after, strict=True)]
    if isinstance(closure, Position):
        changes = {closure.market: moved[0], CASH: moved[1] + moved[2]}
    else:
        assert isinstance(closure, Tokens)
        changes = {closure.token: moved[0], CASH: moved[1] * CASH_SCALE}
    return Outcome(abs(moved[0]), {thing: n for thing, n in changes.items() if n})


def _settled(log: Log) -> int:
    """What the fund took over."""
    return int(str(log.values("uint256")[0])) if log.topics[0] == SETTLED else 0


def _number(answer: tuple[object, ...] | None) -> int:
    """An answer that there has to be."""
    assert answer is not None
    return int(answer[0])  # type: ignore[call-overload]


def _returned(trial: Trial) -> int:
    """The first word of what a simulated question answers."""
    assert trial.ok
    return int(decode(("int256",), trial.returned[:32])[0])


def _addresses(answer: tuple[object, ...]) -> list[str]:
    """A list of addresses."""
    (found,) = answer
    assert isinstance(found, tuple | list)
    return [str(item) for item in found]
