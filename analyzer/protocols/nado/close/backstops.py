"""The order in which a loss is absorbed, with what each layer can bear at this block.

Source: `ClearinghouseLiq.sol`, `PerpEngine.socializeSubaccount`, `SpotEngine.socializeSubaccount`;
spec sections 10, 11 and 16.
"""

from __future__ import annotations

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.account_ids import Kind, kind_of
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.state.balances import total_deposits
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.value import NadoValued

OWN = "quote and profits of the liquidated"
FUND = "insurance"
LAST_FEES = "insurance, fees of the last liquidation"
HOLDERS = "holders of"
DEPOSITORS = "depositors of"


def backstops(valued: NadoValued) -> list[BackstopRow]:
    """The loss waterfall of the book."""
    return waterfall(valued.valuation)


def waterfall(valuation: Valuation) -> list[BackstopRow]:
    """The loss waterfall, first layer first; 18 decimals of the quote product.

    The treasury, the NLP's main account and its pools owe nothing: they are holders and depositors
    like others, and take positions over where they choose to.
    """
    state = valuation.state
    rows = [
        BackstopRow(
            1,
            OWN,
            None,
            _own_means(valuation),
            False,
            "each account's quote and profits stand for its own losses only",
            BackstopKind.OWN_COLLATERAL,
        ),
        BackstopRow(
            2,
            FUND,
            None,
            state.insurance - state.last_fees,
            False,
            "pays what buying a debt back costs beyond the account's quote; in a finalisation pays"
            " losses of perps product by product, then the debt in quote",
        ),
        BackstopRow(
            3,
            LAST_FEES,
            None,
            state.last_fees,
            False,
            "pays for buying debts back, and in a finalisation only once another liquidation has"
            " paid its fee",
        ),
    ]
    for perp in state.perps.values():
        rows.append(
            BackstopRow(
                len(rows) + 1,
                f"{HOLDERS} {perp.symbol}",
                None,
                None,
                True,
                "every contract, long and short, pays the same through cumulative funding",
                BackstopKind.ADL,
                asset_id=perp.asset_id,
            )
        )
    for product, spot in state.spots.items():
        unread = product in state.problems
        rows.append(
            BackstopRow(
                len(rows) + 1,
                f"{DEPOSITORS} {spot.symbol}",
                None,
                None if unread else mul(total_deposits(spot), valuation.prices[product]),
                False,
                "the debt of an account without anything is taken from all deposits in proportion"
                " through their multiplier",
                BackstopKind.SOCIALISED,
                asset_id=spot.asset_id,
            )
        )
    return rows


def _own_means(valuation: Valuation) -> int | None:
    """Quote and profits of the accounts that may be liquidated; None where one is not known."""
    total = 0
    for name in valuation.state.accounts:
        if kind_of(name) in (Kind.SYSTEM, Kind.POOL):
            continue
        numbers = valuation.numbers(name)
        if isinstance(numbers, Unreadable):
            return None
        if numbers.maintenance.total < 0:
            total += max(numbers.held.spots.get(QUOTE, 0), 0)
            total += sum(
                max(mul(valuation.prices[p], amount) + v_quote, 0)
                for p, (amount, v_quote) in numbers.held.perps.items()
            )
    return total
