"""The signed prices as the feeds store them: words of storage, made of the data of logs.

A price whose log is missing would give way to an older one without a word, so each word is held
against storage. Layouts: v2-core `src/feeds/*`, as the compiler lays them out; every word of the
recording comes out of its logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.abi.codec import mapping_slot
from analyzer.protocols.derive_v2.records.feeds import Feeds

SPOT_SLOT = 6
FORWARD_SLOT, SETTLEMENT_SLOT = 7, 8
VOL_SLOT = 6
RATE_SLOT = 6
_WORD = 1 << 256
_U64 = 64
_I96 = 96


@dataclass(frozen=True, slots=True)
class SignedWord:
    """A word that `feed` should hold in `slot`. about: which one, for people."""

    feed: str
    slot: int
    word: int
    about: str


def signed_words(feeds: Feeds) -> Iterator[SignedWord]:
    """Every word of the spot, forward, volatility and rate feeds, as the logs say it; an expiry
    that no log names is none."""
    for spot in feeds.spot.values():
        word = _packed(spot.price, spot.confidence, spot.timestamp)
        yield SignedWord(spot.address, SPOT_SLOT, word, spot.name)
    for forward in feeds.forward.values():
        for expiry, f in forward.expiries.items():
            words = (_packed(f.diff, f.confidence, f.timestamp),)
            yield from _of(forward.address, FORWARD_SLOT, expiry, words, forward.name)
            aggregates = (f.start_aggregate, f.current_aggregate)
            yield from _of(forward.address, SETTLEMENT_SLOT, expiry, aggregates, forward.name)
    for vol in feeds.vol.values():
        for expiry, v in vol.expiries.items():
            stamp = v.ref_tau | v.confidence << _U64 | v.timestamp << 2 * _U64
            curve = (v.a, v.b, v.rho, v.m, v.sigma, v.fwd, stamp)
            yield from _of(vol.address, VOL_SLOT, expiry, curve, vol.name)
    for rate in feeds.rate.values():
        for expiry, r in rate.expiries.items():
            words = (_packed(r.rate, r.confidence, r.timestamp),)
            yield from _of(rate.address, RATE_SLOT, expiry, words, rate.name)


def _packed(value: int, confidence: int, timestamp: int) -> int:
    """A number of 96 bits, then two of 64."""
    return value % (1 << _I96) | confidence << _I96 | timestamp << _I96 + _U64


def _of(
    feed: str, slot: int, expiry: int, words: tuple[int, ...], name: str
) -> Iterator[SignedWord]:
    """The words of one expiry in the mapping at `slot`."""
    first = mapping_slot(expiry, slot)
    for number, word in enumerate(words):
        yield SignedWord(feed, first + number, word % _WORD, f"{name}, expiry {expiry}")
