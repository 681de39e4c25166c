"""What `risk protocol --out` left in a snapshot, as the report takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.report.html.stressed import Record


@dataclass(frozen=True, slots=True)
class Profiled:
    """Rows of the stored queries `top_accounts`, `assets`, `bad_days` and `loss_spirals`.

    assets_before: `assets` of an earlier snapshot; None where none was given.
    """

    accounts: Sequence[Record] = ()
    assets: Sequence[Record] = ()
    classes: Sequence[Record] = ()
    spirals: Sequence[Record] = ()
    assets_before: Sequence[Record] | None = None
