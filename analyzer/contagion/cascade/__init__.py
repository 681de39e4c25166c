"""One cascade, exact: from a shock through liquidations and sales to where nothing more happens."""

from __future__ import annotations

from analyzer.contagion.cascade.counterfactual import LeaveOneOut, leave_one_out
from analyzer.contagion.cascade.order import CascadeOptions, Order
from analyzer.contagion.cascade.outcome import CascadeOutcome, cascade_outcome
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue

__all__ = [
    "CascadeOptions",
    "CascadeOutcome",
    "CascadeResult",
    "LeaveOneOut",
    "Order",
    "Venue",
    "cascade_outcome",
    "leave_one_out",
    "run_cascade",
]
