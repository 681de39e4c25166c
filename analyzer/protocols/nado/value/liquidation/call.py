"""One call of `liquidateSubaccount`: its tests in the contract's order, and what it moves.

    assets and perps and long spreads, in any order -> debts and short spreads -> finalisation

Source: `ClearinghouseLiq.sol`, `RiskHelper.sol` of nadohq/nado-contracts 1.1.0; spec section 10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from analyzer.model.integers import WAD
from analyzer.protocols.nado.account_ids import Kind, N, X, is_role, kind_of
from analyzer.protocols.nado.arithmetic import div, mul, part
from analyzer.protocols.nado.logs.fold import FINALISATION, SPREAD_SHIFT
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.health import HealthType, weight
from analyzer.protocols.nado.value.liquidation.working import Working

_LEAST_PENALTY, _LEAST_SPREAD_PENALTY = 5 * WAD // 1000, 25 * WAD // 10_000
_PENALTY_SHARE, _SPREAD_PENALTY_SHARE = 5, 10
_FEE_SHARE = WAD // 2
"""Of a penalty, the insurance gets half; the liquidator keeps the rest."""
_SPOT_MASK = 2**SPREAD_SHIFT - 1


class Mode(StrEnum):
    """What a call closes."""

    SPOT = "spot"
    PERP = "perp"
    SPREAD = "spread"
    FINALISATION = "finalisation"


class RefusedError(Exception):
    """The contract refuses a call; `reason` in its own words (`NLA`)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Call:
    """A liquidation. product: a product's id, or both of a spread (`spread_id`), or
    `FINALISATION`. amount > 0: the liquidated account sells; < 0: it buys back."""

    sender: str
    liquidated: str
    product: int
    is_spread: bool
    amount: int

    @property
    def legs(self) -> tuple[int, int]:
        """(spot product, perp product) of a spread."""
        return self.product & _SPOT_MASK, self.product >> SPREAD_SHIFT


@dataclass(frozen=True, slots=True)
class PerpLoss:
    """A perp's loss that its holders bear: each pays so much a contract. lost: in all."""

    product: int
    per_contract: int
    lost: int


@dataclass(frozen=True, slots=True)
class DepositLoss:
    """A debt that a product's depositors bear. amount: of the debt, above 0; before, after: the
    deposits' multiplier."""

    product: int
    amount: int
    before: int
    after: int


@dataclass(slots=True)
class Outcome:
    """What a call does. payment: to the liquidated account for the spot or perp leg; perp_payment:
    what a spread's perp leg went at. fee: to the insurance. settled: perp -> PnL turned into quote
    against the liquidator. top_up: from the insurance for a debt that was bought back. covered:
    product -> what the insurance paid in a finalisation (the quote product for its debt)."""

    mode: Mode
    price: int = 0
    payment: int = 0
    perp_payment: int = 0
    fee: int = 0
    settled: dict[int, int] = field(default_factory=dict)
    top_up: int = 0
    covered: dict[int, int] = field(default_factory=dict)
    perp_losses: list[PerpLoss] = field(default_factory=list)
    deposit_losses: list[DepositLoss] = field(default_factory=list)


def spread_id(spot: int, perp: int) -> int:
    """How a call names a spread."""
    return perp << SPREAD_SHIFT | spot


def check_call(working: Working, call: Call) -> None:
    """The tests that come first. Raises: RefusedError."""
    if kind_of(call.sender) is Kind.ISOLATED or call.sender == call.liquidated:
        raise RefusedError("U")
    if working.health(call.liquidated, HealthType.MAINTENANCE) >= 0:
        raise RefusedError("NL")
    if call.liquidated in (X, N):
        raise RefusedError("NL")
    if call.product == QUOTE:
        raise RefusedError("NILP")


def close_part(working: Working, call: Call) -> Outcome:
    """Everything of a call that is no finalisation, up to the test of the health that is left.

    Raises: RefusedError, UnreadableNumberError.
    """
    mode = mode_of(working, call)
    outcome = Outcome(mode)
    if call.amount < 0 and mode is not Mode.PERP:
        _check_order(working, call.liquidated)
        settle_gains(working, call.sender, call.liquidated, outcome)
    if call.amount == 0:
        raise RefusedError("NLA")
    if not _exists(working, call):
        raise RefusedError("NILP")
    limit, increment = size_limit(working, call)
    if mode is not Mode.SPOT and _rest(call.amount, increment):
        raise RefusedError("NILA")
    if mode is not Mode.PERP and working.spot(_spot_of(call)).risk.long_initial == 0:
        raise RefusedError("IP")
    if limit < call.amount if call.amount > 0 else limit > call.amount:
        raise RefusedError("NLA")
    _move(working, call, outcome)
    working.insurance += outcome.fee
    working.last_fees = outcome.fee
    return outcome


def check_after(working: Working, call: Call) -> None:
    """The tests that come last; a role in the place of the liquidator has means enough. Raises:
    RefusedError."""
    if working.health(call.liquidated, HealthType.INITIAL) > 0:
        raise RefusedError("LTM")
    exempt = call.sender == N or is_role(call.sender)
    if not exempt and working.health(call.sender, HealthType.INITIAL) < 0:
        raise RefusedError("SH")


def mode_of(working: Working, call: Call) -> Mode:
    """What the call closes; what is no spot product counts as a perp until it is looked up."""
    if call.is_spread:
        return Mode.SPREAD
    return Mode.SPOT if call.product in working.spot_ids else Mode.PERP


def _exists(working: Working, call: Call) -> bool:
    """Whether there is such a pair or product."""
    if call.is_spread:
        return call.legs in working.valuation.state.spreads
    return call.product in working.spot_ids or call.product in working.perp_ids


def _spot_of(call: Call) -> int:
    """The spot product of a call that has one."""
    return call.legs[0] if call.is_spread else call.product


def _check_order(working: Working, name: str) -> None:
    """Debts only after assets and perps. Raises: RefusedError."""
    paired: set[int] = set()
    for spot, perp in working.valuation.state.spreads:
        paired |= {spot, perp}
        held, size = working.spot_amount(name, spot), working.perp_now(name, perp)[0]
        if held > 0 or size < 0 or (size > 0 and abs(held) < size):
            raise RefusedError("NLL")
    account = working.account(name)
    for spot in account.spot:
        single = spot not in paired and spot != QUOTE
        if single and working.spot(spot).risk.long_initial and working.spot_amount(name, spot) > 0:
            raise RefusedError("NLL")
    if any(held.amount for perp, held in account.perps.items() if perp not in paired):
        raise RefusedError("NLL")


def settle_gains(working: Working, sender: str, name: str, outcome: Outcome) -> None:
    """Every perp with a profit becomes quote, against the liquidator."""
    for perp in working.perp_ids:
        gain = working.pnl(name, perp) if perp in working.account(name).perps else 0
        if gain > 0:
            working.settle(name, sender, perp, gain)
            outcome.settled[perp] = outcome.settled.get(perp, 0) + gain


def size_limit(working: Working, call: Call) -> tuple[int, int]:
    """(the most that may be closed, signed as the amount; the increment of sizes).

    What a pair has in common can only be taken as a spread, and the rest only singly. A debt is
    bought back with the account's quote and the whole insurance.
    """
    spot, perp = pair_of(working, call)
    name = call.liquidated
    held = 0 if spot is None else working.spot_amount(name, spot)
    size = 0 if perp is None else working.perp_now(name, perp)[0]
    increment = 1 if perp is None else working.perp(perp).size_increment
    common = 0
    if spot is not None and perp is not None and (held > 0) != (size > 0):
        common = min(held, -size) if held > 0 else max(held, -size)
        if common < 0:
            common = max(
                -_most_bought(working, name, spread_price(working, spot, perp, common)), common
            )
        common -= _rest(common, increment)
    if call.is_spread:
        return common, increment
    if call.product == spot:
        held -= common
        if held < 0:
            held = max(held, -_most_bought(working, name, single_price(working, spot, held)))
        return held, increment
    return size + common, increment


def pair_of(working: Working, call: Call) -> tuple[int | None, int | None]:
    """(spot product, perp product) of the first pair with the product, else the product alone."""
    if call.is_spread:
        return call.legs
    for pair in working.valuation.state.spreads:
        if call.product in pair:
            return pair
    return (call.product, None) if call.product in working.spot_ids else (None, call.product)


def _rest(amount: int, increment: int) -> int:
    """What is left of an amount beyond whole increments, with its sign. Raises: RefusedError
    where there is no increment: the contract divides by it."""
    if not increment:
        raise RefusedError("Panic(0x12)")
    return amount - part(amount, increment) * increment


def _most_bought(working: Working, name: str, price: int) -> int:
    """How much the account's quote and the insurance buy back at a price."""
    return max(div(working.spot_amount(name, QUOTE) + working.insurance, price) + 1, 0)


def single_price(working: Working, product: int, amount: int) -> int:
    """The price of a liquidation: the oracle's, less (of a debt or short: more) a fifth of the
    maintenance haircut, and half a percent at least."""
    found = working.spot(product) if product in working.spot_ids else working.perp(product)
    share = weight(found.risk, amount, HealthType.MAINTENANCE)
    penalty = part(share - WAD, _PENALTY_SHARE)
    if abs(penalty) < _LEAST_PENALTY:
        penalty = -_LEAST_PENALTY if penalty < 0 else _LEAST_PENALTY
    return mul(working.price(product), WAD + penalty)


def spread_price(working: Working, spot: int, perp: int, amount: int) -> int:
    """The price of a spread's spot leg; its perp leg goes at the oracle's price."""
    if amount > 0:
        haircut = WAD - working.perp(perp).risk.long_maintenance
    else:
        haircut = working.spot(spot).risk.short_maintenance - WAD
    penalty = max(part(haircut, _SPREAD_PENALTY_SHARE), _LEAST_SPREAD_PENALTY)
    return mul(working.price(spot), WAD - penalty if amount > 0 else WAD + penalty)


def _move(working: Working, call: Call, outcome: Outcome) -> None:
    """What goes from one account to the other, and what the insurance adds."""
    name, sender, amount = call.liquidated, call.sender, call.amount
    product = _spot_of(call) if outcome.mode is not Mode.PERP else call.product
    outcome.price = (
        spread_price(working, *call.legs, amount)
        if call.is_spread
        else single_price(working, product, amount)
    )
    outcome.payment = mul(outcome.price, amount)
    outcome.fee = mul(mul(working.price(product) - outcome.price, _FEE_SHARE), amount)
    if outcome.mode is Mode.PERP:
        working.add_perp(name, product, -amount, outcome.payment)
        working.add_perp(sender, product, amount, -outcome.payment)
        working.add_spot(sender, QUOTE, -outcome.fee)
        return
    working.add_spot(name, product, -amount)
    working.add_spot(name, QUOTE, outcome.payment)
    working.add_spot(sender, product, amount)
    working.add_spot(sender, QUOTE, -outcome.payment - outcome.fee)
    if call.is_spread:
        perp = call.legs[1]
        outcome.perp_payment = mul(working.price(perp), amount)
        working.add_perp(name, perp, amount, -outcome.perp_payment)
        working.add_perp(sender, perp, -amount, outcome.perp_payment)
    if amount < 0:
        _top_up(working, name, outcome)


def _top_up(working: Working, name: str, outcome: Outcome) -> None:
    """The insurance pays what a debt that was bought back cost beyond the account's quote."""
    owed = -working.spot_amount(name, QUOTE)
    outcome.top_up = max(min(working.insurance, owed), 0) if owed > 0 else 0
    if outcome.top_up:
        working.add_spot(name, QUOTE, outcome.top_up)
        working.insurance -= outcome.top_up


__all__ = [
    "FINALISATION",
    "Call",
    "DepositLoss",
    "Mode",
    "Outcome",
    "PerpLoss",
    "RefusedError",
    "check_after",
    "check_call",
    "close_part",
    "mode_of",
    "settle_gains",
    "size_limit",
    "spread_id",
]
