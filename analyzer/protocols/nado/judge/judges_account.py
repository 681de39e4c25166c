"""What is asked about one account: its healths in their parts, balances, profits, parent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.kit.judging import Question, ask
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.account_ids import NOBODY, SYSTEM, Kind, key, kind_of
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.deployments import ABI_FOLDER
from analyzer.protocols.nado.state.balances import funding_index
from analyzer.protocols.nado.value.account import Numbers
from analyzer.protocols.nado.value.health import Health, HealthType, long_weight
from analyzer.protocols.nado.value.value import NadoValued

Values = Sequence[Expected] | Unreadable


def account_judges(valued: NadoValued, account_id: str, row: MarginRow | None) -> Iterator[Judge]:
    """Every view that is asked about a known account. row: its margin as written."""
    numbers = valued.valuation.numbers(account_id)
    if isinstance(numbers, Unreadable):
        return
    yield from _healths(valued, account_id, numbers, row)
    for product in valued.state.spots:
        yield from _spot(valued, account_id, numbers, product)
    for product in valued.state.perps:
        yield from _perp(valued, account_id, numbers, product)
    yield from _core(valued, account_id, numbers)
    yield from _number(valued, account_id)
    if kind_of(account_id) is Kind.ISOLATED:
        parent = valued.state.accounts[account_id].parent or NOBODY
        question = _question(
            valued,
            "OffchainExchange",
            "getParentSubaccount",
            account_id,
            fields=("account.parent",),
        )
        yield from ask(question, (parent,))


def _number(valued: NadoValued, account_id: str) -> Iterator[Judge]:
    """The account's place in the Endpoint's list; 0 of one that is not in it."""
    listed = [name for name in valued.state.accounts if name not in SYSTEM]
    place = 0 if account_id in SYSTEM else listed.index(account_id) + 1
    question = _question(
        valued, "Endpoint", "getSubaccountId", account_id, fields=("account.number",)
    )
    yield from ask(question, (place,))


def _question(
    valued: NadoValued,
    contract: str,
    function: str,
    account_id: str,
    *more: object,
    fields: tuple[str, ...],
    product: int | None = None,
) -> Question:
    """A view of one contract about an account; more: its arguments after the account."""
    first = () if product is None else (product,)
    return Question(
        f"{ABI_FOLDER}/{contract}",
        valued.state.contracts[contract],
        function,
        (*first, key(account_id), *more),
        fields,
        account_id,
        None if product is None else valued.state.asset_id(product),
        f"{contract}.{function}",
    )


def _healths(
    valued: NadoValued, account_id: str, numbers: Numbers, row: MarginRow | None
) -> Iterator[Judge]:
    """The healths and their parts; the columns of margin are those numbers."""
    found: dict[HealthType, Health] = {
        HealthType.INITIAL: numbers.initial,
        HealthType.MAINTENANCE: numbers.maintenance,
        HealthType.PNL: numbers.pnl,
    }
    for kind, health in found.items():
        name = kind.name.lower()
        total = health.total if row is None else _written(row, kind)
        fields = (f"health.{name}",)
        question = _question(
            valued, "Clearinghouse", "getHealth", account_id, int(kind), fields=fields
        )
        yield from ask(question, (total,))
        parts = (("SpotEngine", health.spot), ("PerpEngine", health.perp))
        for engine, part in parts:
            fields = (f"health.{name}_part",)
            question = _question(
                valued, engine, "getHealthContribution", account_id, int(kind), fields=fields
            )
            yield from ask(question, (part,))


def _written(row: MarginRow, kind: HealthType) -> int | None:
    """A health as the columns of margin say it."""
    equity = row.margin_equity_e18
    if kind is HealthType.PNL or equity is None:
        return equity
    initial = kind is HealthType.INITIAL
    required = row.initial_margin_e18 if initial else row.maintenance_margin_e18
    return None if required is None else equity - required


def _spot(valued: NadoValued, account_id: str, numbers: Numbers, product: int) -> Iterator[Judge]:
    """The amount of one spot product."""
    if product in valued.state.problems:
        return
    amount, fields = numbers.held.spots.get(product, 0), ("balance.spot",)
    question = _question(
        valued, "SpotEngine", "getBalance", account_id, fields=fields, product=product
    )
    yield from ask(question, (amount,))


def _perp(valued: NadoValued, account_id: str, numbers: Numbers, product: int) -> Iterator[Judge]:
    """Size and quote of one perp with funding settled, its profit, and what of it may be turned
    into quote now."""
    if product in valued.state.problems:
        return
    perp, price = valued.state.perps[product], valued.valuation.prices[product]
    amount, v_quote = numbers.held.perps.get(product, (0, 0))
    pnl = mul(price, amount) + v_quote
    balance = ("balance.size", "balance.quote", "balance.funding_index")
    answers: tuple[tuple[str, tuple[str, ...], Values], ...] = (
        ("getBalance", balance, (amount, v_quote, funding_index(perp, amount))),
        ("getPositionPnl", ("perp.pnl",), (pnl,)),
        ("getSettlementState", ("perp.settleable",), (min(pnl, perp.available),)),
    )
    for function, fields, values in answers:
        question = _question(
            valued, "PerpEngine", function, account_id, fields=fields, product=product
        )
        for judge in ask(question, values):
            # Of the settlement's words the first is the answer; the others are stored.
            yield replace(judge, types=judge.types[: len(fields)])


def _core(valued: NadoValued, account_id: str, numbers: Numbers) -> Iterator[Judge]:
    """What a spread is made of: amount, price and long weight of either leg of every pair."""
    for spot, perp in valued.state.spreads:
        if spot not in valued.state.spots or perp not in valued.state.perps:
            continue
        if not valued.state.problems.keys().isdisjoint((spot, perp)):
            continue
        for engine, product, risk, amount in (
            ("SpotEngine", spot, valued.state.spots[spot].risk, numbers.held.spots.get(spot, 0)),
            (
                "PerpEngine",
                perp,
                valued.state.perps[perp].risk,
                numbers.held.perps.get(perp, (0, 0))[0],
            ),
        ):
            for kind in (HealthType.INITIAL, HealthType.MAINTENANCE):
                question = Question(
                    f"{ABI_FOLDER}/{engine}",
                    valued.state.contracts[engine],
                    "getCoreRisk",
                    (key(account_id), product, int(kind)),
                    ("spread.amount", "spread.price", "spread.long_weight"),
                    account_id,
                    valued.state.asset_id(product),
                    f"{engine}.getCoreRisk",
                )
                price = valued.valuation.prices[product]
                yield from ask(question, (amount, price, long_weight(risk, kind)))
