"""Finalisation: what is left of an account that has nothing but losses and debts.

    own profits and quote -> insurance without the last fees, perp by perp, then quote
        -> holders of the same perp, through cumulative funding
        -> depositors of the same product, through their multiplier

Source: `ClearinghouseLiq._finalizeSubaccount`, `PerpEngine.socializeSubaccount`,
`SpotEngine.socializeSubaccount`; spec section 11.
"""

from __future__ import annotations

from analyzer.protocols.nado.arithmetic import div, fits
from analyzer.protocols.nado.state.balances import total_deposits
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.liquidation.call import (
    Call,
    DepositLoss,
    Mode,
    Outcome,
    PerpLoss,
    RefusedError,
    settle_gains,
)
from analyzer.protocols.nado.value.liquidation.working import Working


def finalise(working: Working, call: Call) -> Outcome:
    """The account is emptied; assets of weight 0 stay. Raises: RefusedError with `NFS` while there
    is anything to be closed first, UnreadableNumberError (`DBZ` where nobody holds the perp)."""
    name, outcome = call.liquidated, Outcome(Mode.FINALISATION)
    _check_empty(working, name)
    settle_gains(working, call.sender, name, outcome)
    quote = _use_own_quote(working, call, outcome)
    insurance = working.insurance - working.last_fees
    if quote + insurance > 0 and any(working.spot_amount(name, p) for p in _debts(working, name)):
        raise RefusedError("NFS")
    for perp in working.perp_ids:
        lost = -working.perp_now(name, perp)[1] if perp in working.account(name).perps else 0
        if lost > 0:
            insurance -= _perp_loss(working, name, perp, lost, insurance, outcome)
    cover = min(insurance, -working.spot_amount(name, QUOTE))
    if cover > 0:
        working.add_spot(name, QUOTE, cover)
        insurance -= cover
        outcome.covered[QUOTE] = cover
    if insurance <= 0:
        for product in working.spot_ids:
            if working.account(name).spot.get(product, 0) < 0:
                _deposit_loss(working, name, product, outcome)
    working.insurance = insurance + working.last_fees
    _close_isolated(working, name)
    return outcome


def _check_empty(working: Working, name: str) -> None:
    """No asset that counts, and no size. Raises: RefusedError."""
    account = working.account(name)
    for product in account.spot:
        counts = product != QUOTE and working.spot(product).risk.long_initial != 0
        if counts and working.spot_amount(name, product) > 0:
            raise RefusedError("NFS")
    if any(held.amount for held in account.perps.values()):
        raise RefusedError("NFS")


def _debts(working: Working, name: str) -> list[int]:
    """Products that must be bought back while there is money for it."""
    return [
        product
        for product in working.account(name).spot
        if product != QUOTE and working.spot(product).risk.long_initial != 0
    ]


def _use_own_quote(working: Working, call: Call, outcome: Outcome) -> int:
    """Pays losses of perps with the account's own quote, as far as it goes; what is left."""
    name, quote = call.liquidated, working.spot_amount(call.liquidated, QUOTE)
    for perp in working.perp_ids:
        v_quote = working.perp_now(name, perp)[1] if perp in working.account(name).perps else 0
        if v_quote < 0 < quote:
            paid = max(v_quote, -quote)
            working.settle(name, call.sender, perp, paid)
            outcome.settled[perp] = outcome.settled.get(perp, 0) + paid
            quote += paid
    return quote


def _perp_loss(
    working: Working, name: str, perp: int, lost: int, insurance: int, outcome: Outcome
) -> int:
    """One perp's loss: the insurance, then every holder of the product, long and short, so much a
    contract. What the insurance pays (below 0 where it holds less than nothing)."""
    found, cover = working.own_perp(perp), min(insurance, lost)
    found.available += cover
    if cover:
        outcome.covered[perp] = cover
    if lost > cover:
        per_contract = div(lost - cover, found.open_interest)
        found.funding_long = fits(found.funding_long + per_contract)
        found.funding_short = fits(found.funding_short - per_contract)
        outcome.perp_losses.append(PerpLoss(perp, per_contract, lost - cover))
    working.account(name).perps.pop(perp)
    return cover


def _deposit_loss(working: Working, name: str, product: int, outcome: Outcome) -> None:
    """A debt is taken from the depositors of its product; its normalised sum keeps what truncates.

    Raises: RefusedError, without a word as the contract's own, where the deposits are no more than
    the debt; UnreadableNumberError where there are none.
    """
    found, amount = working.own_spot(product), working.spot_amount(name, product)
    before = found.deposit_multiplier
    found.deposit_multiplier = div(total_deposits(found) + amount, found.deposits)
    if found.deposit_multiplier <= 0:
        raise RefusedError("")
    found.borrows += div(amount, found.borrow_multiplier)
    working.set_spot(name, product, 0)
    outcome.deposit_losses.append(DepositLoss(product, -amount, before, found.deposit_multiplier))


def _close_isolated(working: Working, name: str) -> None:
    """An isolated account gives what it has to its parent, and is one no more."""
    account = working.account(name)
    if account.parent is None:
        return
    parent = account.parent
    for perp in list(account.perps):
        _, v_quote = working.perp_now(name, perp)
        working.add_perp(name, perp, 0, -v_quote)
        working.add_perp(parent, perp, 0, v_quote)
    quote = working.spot_amount(name, QUOTE)
    if quote:
        working.add_spot(name, QUOTE, -quote)
        working.add_spot(parent, QUOTE, quote)
    account.parent = None
