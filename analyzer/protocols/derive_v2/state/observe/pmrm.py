"""Every PMRM_2 and its library: wiring, scenarios, parameters, collateral."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.deployments import of_kind
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.parameters import (
    BasisParams,
    CollateralParams,
    LibParams,
    MarginParams,
    OtherParams,
    PortfolioManager,
    Scenario,
    SkewParams,
    VolParams,
    VolShock,
)
from analyzer.protocols.derive_v2.state.observe.batch import new_batch
from analyzer.protocols.derive_v2.state.observe.perps import address_or_none
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

T = TypeVar("T", BasisParams, OtherParams, MarginParams, VolParams, SkewParams)

_ABI, _LIB = "PMRM_2", "PMRMLib_2"
_WIRING = (
    "perp",
    "option",
    "spotFeed",
    "stableFeed",
    "forwardFeed",
    "volFeed",
    "interestRateFeed",
    "lib",
)


@dataclass(frozen=True, slots=True)
class _LibTickets:
    """The five parameter structs of a library."""

    basis: Ticket
    other: Ticket
    margin: Ticket
    vol: Ticket
    skew: Ticket


def read_portfolio_managers(
    deployment: Deployment, ledger: DeriveLedger
) -> Reading[dict[str, PortfolioManager]]:
    """Two batches: the managers, then the libraries that they name, and the collateral."""
    named = of_kind(deployment.contracts, _ABI)
    if not named:
        return {}
    batch = new_batch()
    asked = {
        (address, function): batch.call(_ABI, address, function, about=name)
        for address, name in named.items()
        for function in (*_WIRING, "maxExpiries", "getScenarios")
    }
    replies = yield from batch.read()
    managers = {a: _manager(replies, asked, a, name) for a, name in named.items()}
    second = new_batch()
    libs = {a: _ask_lib(second, m) for a, m in managers.items()}
    collateral = {
        (a, asset): (
            second.call(_LIB, m.lib_address, "getCollateralParameters", asset),
            second.call(_ABI, a, "collateralSpotFeeds", asset),
        )
        for a, m in managers.items()
        for asset in _assets(ledger, m)
    }
    answers = yield from second.read()
    for address, manager in managers.items():
        manager.lib = _lib(answers, libs[address])
    for (address, asset), tickets in collateral.items():
        managers[address].collateral[asset] = _collateral(answers, *tickets)
    return managers


def _assets(ledger: DeriveLedger, manager: PortfolioManager) -> list[str]:
    """Base assets that the manager's or its library's logs name, once each."""
    found = [
        *ledger.collateral.get(manager.address, []),
        *ledger.collateral.get(manager.lib_address, []),
    ]
    return list(dict.fromkeys(found))


def _manager(
    replies: Replies, asked: Mapping[tuple[str, str], Ticket], address: str, name: str
) -> PortfolioManager:
    """One manager without its library's parameters."""
    wired = {f: address_or_none(replies.text(asked[address, f])) for f in _WIRING}
    return PortfolioManager(
        address=address,
        name=name,
        lib_address=wired["lib"],
        perp=wired["perp"],
        option=wired["option"],
        spot_feed=wired["spotFeed"],
        stable_feed=wired["stableFeed"],
        forward_feed=wired["forwardFeed"],
        vol_feed=wired["volFeed"],
        rate_feed=wired["interestRateFeed"],
        max_expiries=replies.optional(asked[address, "maxExpiries"]) or 0,
        scenarios=_scenarios(replies.value(asked[address, "getScenarios"])),
        lib=Unreadable(f"{name} library", "was not read", False),
    )


def _scenarios(value: object) -> list[Scenario] | Unreadable:
    """The scenario list. Raises: TypeError when it is no list of integer triples."""
    if isinstance(value, Unreadable):
        return value
    if not isinstance(value, tuple | list):
        raise TypeError("getScenarios does not return a list")
    return [Scenario(int(s), VolShock(int(v)), int(d)) for s, v, d in value]


def _ask_lib(batch: Batch, manager: PortfolioManager) -> _LibTickets:
    """The reads of one library."""

    def ask(function: str) -> Ticket:
        return batch.call(_LIB, manager.lib_address, function, about=manager.name)

    return _LibTickets(
        ask("getBasisContingencyParams"),
        ask("getOtherContingencyParams"),
        ask("getMarginParams"),
        ask("getVolShockParams"),
        ask("getSkewShockParams"),
    )


def _lib(replies: Replies, asked: _LibTickets) -> LibParams | Unreadable:
    """All parameters; the first struct that was not read is the reason."""
    basis = _struct(replies, asked.basis, BasisParams)
    other = _struct(replies, asked.other, OtherParams)
    margin = _struct(replies, asked.margin, MarginParams)
    vol = _struct(replies, asked.vol, VolParams)
    skew = _struct(replies, asked.skew, SkewParams)
    for part in (basis, other, margin, vol, skew):
        if isinstance(part, Unreadable):
            return part
    if (
        isinstance(basis, BasisParams)
        and isinstance(other, OtherParams)
        and isinstance(margin, MarginParams)
        and isinstance(vol, VolParams)
        and isinstance(skew, SkewParams)
    ):
        return LibParams(basis, other, margin, vol, skew)
    raise TypeError("a library's parameters are of the wrong kind")


def _struct(replies: Replies, ticket: Ticket, kind: type[T]) -> T | Unreadable:
    """One parameter struct, fields in the contract's order."""
    values = replies.integers(ticket)
    return values if isinstance(values, Unreadable) else kind(*values)


def _collateral(replies: Replies, params: Ticket, feed: Ticket) -> CollateralParams | Unreadable:
    """One base asset's parameters and feed."""
    values = replies.integers(params)
    if isinstance(values, Unreadable):
        return values
    address = replies.text(feed)
    if isinstance(address, Unreadable):
        return address
    enabled, cancelling, mm_haircut, im_haircut = values
    return CollateralParams(bool(enabled), bool(cancelling), mm_haircut, im_haircut, address)
