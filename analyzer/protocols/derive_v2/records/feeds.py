"""The signed feeds: what the logs say of each, and its limits as they were read.

Everything is in 18 decimals but times (unix seconds, `_s` seconds). Names follow the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(slots=True)
class SpotFeed:
    """A signed spot feed (`StableFeed` too); timestamp 0 = nothing was ever signed."""

    address: str
    name: str
    heartbeat_s: int | Unreadable
    price: int = 0
    confidence: int = 0
    timestamp: int = 0


@dataclass(slots=True)
class DiffFeed:
    """A signed difference to spot: perp price, impact bid, impact ask. `cap`: spotDiffCap, the
    difference is clipped to +- cap * spot."""

    address: str
    name: str
    spot_feed: str
    heartbeat_s: int | Unreadable
    cap: int | Unreadable
    diff: int = 0
    confidence: int = 0
    timestamp: int = 0


@dataclass(slots=True)
class ForwardData:
    """One expiry of a forward feed, as it was signed."""

    diff: int
    confidence: int
    timestamp: int
    start_aggregate: int
    current_aggregate: int


@dataclass(slots=True)
class ForwardFeed:
    """Forward prices by expiry, as differences to spot."""

    address: str
    name: str
    spot_feed: str
    heartbeat_s: int | Unreadable
    settlement_heartbeat_s: int | Unreadable
    expiries: dict[int, ForwardData] = field(default_factory=dict)


@dataclass(slots=True)
class VolData:
    """One expiry's SVI surface, as it was signed. ref_tau: years, 18 decimals."""

    a: int
    b: int
    rho: int
    m: int
    sigma: int
    fwd: int
    ref_tau: int
    confidence: int
    timestamp: int


@dataclass(slots=True)
class VolFeed:
    """Volatility surfaces by expiry."""

    address: str
    name: str
    heartbeat_s: int | Unreadable
    expiries: dict[int, VolData] = field(default_factory=dict)


@dataclass(slots=True)
class RateData:
    """One expiry's interest rate, as it was signed (signed number)."""

    rate: int
    confidence: int
    timestamp: int


@dataclass(slots=True)
class RateFeed:
    """Interest rates by expiry."""

    address: str
    name: str
    heartbeat_s: int | Unreadable
    expiries: dict[int, RateData] = field(default_factory=dict)


@dataclass(slots=True)
class Feeds:
    """Every feed of the deployment, by address."""

    spot: dict[str, SpotFeed] = field(default_factory=dict)
    diff: dict[str, DiffFeed] = field(default_factory=dict)
    forward: dict[str, ForwardFeed] = field(default_factory=dict)
    vol: dict[str, VolFeed] = field(default_factory=dict)
    rate: dict[str, RateFeed] = field(default_factory=dict)
