"""Margin under many moves of spot, volatility and time at once, float64: for stress, never for a
verdict. An options book is never a delta: every scenario prices every option again."""

from analyzer.protocols.derive_v2.value.reprice.moves import Moves, moves_of
from analyzer.protocols.derive_v2.value.reprice.run import reprice, reprice_moves

__all__ = ["Moves", "moves_of", "reprice", "reprice_moves"]
