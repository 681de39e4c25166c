"""The margin statement of one account: every number from balance to verdict, with its source."""

from __future__ import annotations

from functools import partial

from analyzer.model.rows import StatementLine
from analyzer.protocols.kit.statement import Lines
from analyzer.protocols.kit.unreadable import Unreadable, attempt
from analyzer.protocols.nado.account_ids import Kind, N, kind_of
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.state.balances import spot_amount
from analyzer.protocols.nado.state.state import NadoState
from analyzer.protocols.nado.value.account import Numbers, Valuation
from analyzer.protocols.nado.value.health import Health, HealthType, matched, spread_term
from analyzer.protocols.nado.value.ticks import DAY_S, funding_payment, spot_tick
from analyzer.protocols.nado.value.value import NadoValued


def statement(valued: NadoValued, name: str) -> list[StatementLine]:
    """All lines of one account in reading order: balances, positions, spreads, result. Of an
    unknown account the reason is given."""
    lines, valuation = Lines(name), valued.valuation
    numbers = valuation.numbers(name)
    parent = valued.state.accounts[name].parent
    if parent is not None:
        lines.add("account", "isolated account of", None, parent)
    if isinstance(numbers, Unreadable):
        lines.add("result", "unknown", None, str(numbers))
        return lines.lines
    _spots(lines, valuation, numbers, name)
    _perps(lines, valuation, numbers, name)
    _spreads(lines, valuation, numbers)
    _result(lines, numbers)
    if name == N:
        lines.add(
            "NLP",
            "equity of the NLP",
            nlp_equity(valuation),
            "health without weights of this account and all pools; the supply of the NLP token at"
            " the sequencer's price is their debt",
        )
    return lines.lines


def nlp_equity(valuation: Valuation) -> int | Unreadable:
    """What the NLP's accounts are worth together, its supply taken off; the reason where one of
    them is not known. The account that is no pool's is the main one."""
    total = 0
    for name in valuation.state.accounts:
        if name == N or kind_of(name) is Kind.POOL:
            numbers = valuation.numbers(name)
            if isinstance(numbers, Unreadable):
                return numbers
            total += numbers.pnl.total
    return total


def _slot(state: NadoState, what: str) -> str:
    """The source of a number that was read."""
    return f"block {state.block_number}: {what}"


def _spots(lines: Lines, valuation: Valuation, numbers: Numbers, name: str) -> None:
    """Amounts, and what the next tick would change of them."""
    state = valuation.state
    seconds = max(0, state.block_time - state.spot_time)
    for product, amount in numbers.held.spots.items():
        spot, section = state.spots[product], f"balance {state.symbol(product)}"
        source = _slot(state, "normalised balance x multiplier of its side")
        lines.add(section, "amount", amount, source)
        lines.add(section, "value", mul(amount, valuation.prices[product]), "amount x price")
        tick = attempt(partial(spot_tick, spot, seconds))
        if tick is None or not seconds:
            continue
        more: int | Unreadable = (
            tick
            if isinstance(tick, Unreadable)
            else spot_amount(tick.after, state.accounts[name].spot[product]) - amount
        )
        source = f"a tick {seconds} s after the last one; no number of the account has it"
        lines.add(section, "interest since the last tick, not charged", more, source)


def _perps(lines: Lines, valuation: Valuation, numbers: Numbers, name: str) -> None:
    """Sizes and quote, and the most that funding takes in a day."""
    state = valuation.state
    for product, (amount, v_quote) in numbers.held.perps.items():
        section, price = f"position {state.symbol(product)}", valuation.prices[product]
        lines.add(section, "size", amount, _slot(state, "balances"))
        lines.add(
            section, "quote", v_quote, _slot(state, "quote - (cumulative funding - last) x size")
        )
        lines.add(section, "PnL", mul(price, amount) + v_quote, "price x size + quote")
        most = abs(mul(funding_payment(price, price, DAY_S), amount))
        lines.add(section, "most that funding takes in a day", most, "2 % of the price")


def _spreads(lines: Lines, valuation: Valuation, numbers: Numbers) -> None:
    """What pairs have in common, and what maintenance credits for it."""
    for pair in valuation.state.spreads:
        spot, perp = pair
        size = matched(numbers.held.spots.get(spot, 0), numbers.held.perps.get(perp, (0, 0))[0])
        if not size:
            continue
        section = f"spread {valuation.state.symbol(spot)}"
        credit = spread_term(valuation.market, numbers.held, pair, HealthType.MAINTENANCE)
        lines.add(section, "size in common", size, "the smaller of two opposite amounts")
        lines.add(section, "credit of maintenance", credit, "size x both prices x gain of weight")


def _result(lines: Lines, numbers: Numbers) -> None:
    """The three healths in their parts."""
    healths = (
        ("initial", numbers.initial, "below 0 = no new risk"),
        ("maintenance", numbers.maintenance, "below 0 = may be liquidated"),
        ("without weights", numbers.pnl, "below 0 = under water"),
    )
    for name, found, words in healths:
        _health(lines, name, found, words)


def _health(lines: Lines, name: str, found: Health, words: str) -> None:
    """One health."""
    section = f"health, {name}"
    lines.add(section, "spot", found.spot, "SpotEngine.getHealthContribution")
    lines.add(section, "perps", found.perp, "PerpEngine.getHealthContribution")
    lines.add(section, "spreads", found.spread, "Clearinghouse: pairs of the spread map")
    what = f"Clearinghouse.getHealth; {words}"
    if found.not_borrowable:
        what += "; a balance that may not be borrowed counts as minus infinity"
    lines.add(section, "health", found.total, what)
