"""Whether the set of accounts is whole: the ledger held against what the chain says must exist.

    pinned reads ──▶ lists, counts, supplies ──▶ control totals that prove a set ──▶ shortages

Logs say which accounts there are, and a node that answers with half of them, or with none, says
so without an error. Therefore an empty set is no proof of health: the protocol names what must
exist by reads of the chain (`Proves`), and where nothing was named, or was not compared, or is
more than the ledger has, nothing is said to be solvent. Zero is proven where the chain says zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from analyzer.model.rows import Proves, TotalRow
from analyzer.solvency.result import ScanResult

GIFT_SHARE = 100
"""Where the chain may hold more than the accounts claim, as anybody can send tokens to a contract,
up to one hundredth of what it holds is taken for a gift: of more than that, claims are missing."""
NAMES_SHOWN = 3
"""How many control totals a text names; the others are counted."""


class Lack(StrEnum):
    """What is lacking, in the order in which it is told."""

    NO_ACCOUNT = "no_account"
    """There is no account, and the chain does not say that there is none."""
    NOTHING_NAMED = "nothing_named"
    """No control total that could prove the set of accounts."""
    SMALLER = "smaller"
    """The ledger has less than the chain says there is."""
    NOT_COMPARED = "not_compared"
    """Control totals of which a side was not read: each counts as one that does not hold."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """One reason why the set is not proven whole. text: in words. totals: what it is about."""

    lack: Lack
    text: str
    totals: tuple[TotalRow, ...] = ()


def shortages(result: ScanResult) -> list[Shortage]:
    """Every reason why the set of accounts of `result` is not proven whole; empty = it is."""
    totals = result.details.totals
    # An account that no log names (a fund that the deployment names) is no sign of logs.
    named = sum(1 for row in result.details.accounts if row.events) if result.margin else 0
    return [
        *_no_account(named, totals),
        *_nothing_named(totals),
        *_smaller(totals),
        *_not_compared(totals),
    ]


def zero_is_proven(totals: Sequence[TotalRow]) -> bool:
    """Whether the chain itself says that there is no account: every total over accounts was
    compared and is 0 there. Where no such total is named (a market without a single reserve),
    every list has to be empty."""
    proofs = [total for total in totals if total.proves is Proves.ACCOUNTS]
    proofs = proofs or [total for total in totals if total.proves is Proves.LIST]
    return bool(proofs) and all(t.holds and t.on_chain == 0 for t in proofs)


def _no_account(accounts: int, totals: Sequence[TotalRow]) -> Iterator[Shortage]:
    """An empty set that the chain does not confirm."""
    if accounts or zero_is_proven(totals):
        return
    held = tuple(t for t in totals if t.proves is not Proves.NOTHING and t.on_chain)
    text = "the logs name no account"
    text += f", and the chain holds {_names(held)}" if held else ", and no read confirms it"
    yield Shortage(Lack.NO_ACCOUNT, text, held)


def _nothing_named(totals: Sequence[TotalRow]) -> Iterator[Shortage]:
    """Nothing that the accounts could be held against; a list of markets counts no account."""
    if not any(total.proves is Proves.ACCOUNTS for total in totals) and not zero_is_proven(totals):
        yield Shortage(
            Lack.NOTHING_NAMED, "no count or supply of the chain to hold the accounts against"
        )


def _smaller(totals: Sequence[TotalRow]) -> Iterator[Shortage]:
    """Sets that are off. A list may be off in either direction: what it names is not the same."""
    proofs = [total for total in totals if total.proves is not Proves.NOTHING]
    short = tuple(
        t
        for t in proofs
        if (t.holds is False and (t.proves is Proves.LIST or _is_less(t))) or _no_gift(t)
    )
    if short:
        yield Shortage(Lack.SMALLER, f"less in the logs than on the chain: {_names(short)}", short)


def _is_less(total: TotalRow) -> bool:
    """Whether the rebuilt side is the smaller one, whatever its sign; both are known."""
    rebuilt, on_chain = total.rebuilt, total.on_chain
    return rebuilt is not None and on_chain is not None and abs(rebuilt) < abs(on_chain)


def _no_gift(total: TotalRow) -> bool:
    """Whether a surplus that is allowed is too large to be one."""
    difference, held = total.difference, total.on_chain
    if not total.surplus_ok or difference is None or held is None:
        return False
    return -difference > total.allowed and -difference * GIFT_SHARE > held


def _not_compared(totals: Sequence[TotalRow]) -> Iterator[Shortage]:
    """Totals that say nothing, whatever they are of."""
    silent = tuple(total for total in totals if total.holds is None)
    if silent:
        yield Shortage(Lack.NOT_COMPARED, f"control totals not compared: {_names(silent)}", silent)


def _names(totals: Sequence[TotalRow]) -> str:
    """The names of some totals, the others counted."""
    listed = ", ".join(total.name for total in totals[:NAMES_SHOWN])
    left = len(totals) - NAMES_SHOWN
    return f"{listed} and {left} more" if left > 0 else listed
