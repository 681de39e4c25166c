"""`stress --batch`: many scenarios through the linear twin, then the exact cascade for the worst.

batch ─▶ twin of all books ─▶ bad debt a row, quantiles ─▶ worst few ─▶ `stress` ─▶ side by side
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.contagion.linear.arrays import Floats
from analyzer.documents.scenario import DepthEntry
from analyzer.documents.sweep import (
    ExactBesideBatch,
    Quantile,
    SweepDocument,
    SweepRun,
    SweptBook,
    SweptScenario,
)
from analyzer.findings.assessed import Assessed
from analyzer.model.errors import ExitCode, InputError, worst_exit
from analyzer.model.finding import Finding
from analyzer.model.integers import WAD
from analyzer.runs.stress.batch import Batch, Columns, columns_batch, drawn_batch, table_batch
from analyzer.runs.stress.batch_cascades import LEAVES_OUT, Swept, swept
from analyzer.runs.stress.executors import check_executor
from analyzer.runs.stress.scenarios import Held
from analyzer.runs.stress.stress import (
    NO_SHOCK,
    Prepared,
    Ran,
    StressOptions,
    prepare,
    run_scenarios,
)
from analyzer.runs.stress.sweep_rows import sweep_rows
from analyzer.store.extend import extend_snapshot

WORST = 3
"""How many of the worst scenarios are run exactly unless it is said."""
MOST_EXACT = 100
"""Exact cascades of one run: each takes as long as a scenario of `stress`."""
SHARES = (0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
"""Quantiles of bad debt that are told."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """Which scenarios, and how many exactly.

    stress: as for `stress`, without scenarios, shocks and reverse; its `returns` are what is drawn
    from. table: a file, or columns that are there already; draws: how many dates of the returns:
    one of both. seed: of the draws. exact: of the worst, how many.
    """

    stress: StressOptions
    table: Path | Columns | None = None
    draws: int | None = None
    seed: int | None = None
    exact: int = WORST


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """What came out. assessed, findings: of the exact cascades."""

    document: SweepDocument
    assessed: list[Assessed]
    findings: list[Finding]
    exit_code: ExitCode


def sweep(options: SweepOptions, progress: Progress) -> SweepOutcome:
    """Runs all scenarios by the batch cascade and the worst ones exactly; writes `out` in the end.

    Raises: InputError for wrong input; nothing is written then.
    """
    _check(options)
    asked = options.stress
    prepared = prepare(asked, progress)
    batch = _batch(options, prepared.held)
    progress("sweep", 0, 1)
    # The block's own prices first: what the two cascades say without any shock.
    found = swept(prepared.scans, [NO_SHOCK, *batch.scenarios], prepared.chosen)
    progress("sweep", 1, 1)
    worst = found.worst(np.arange(1, 1 + len(batch.scenarios)), options.exact)
    scenarios = [batch.scenarios[number - 1] for number in worst]
    ran = run_scenarios(asked, prepared, scenarios, progress)
    exact = dict(zip([0, *worst], [ran.baseline, *ran.assessed], strict=True))
    known = bool(np.isfinite(found.cascades.bad_debt).all()) and not found.cascades.undecided.any()
    code = worst_exit(ran.code, ExitCode.CLEAN if known else ExitCode.NOT_FULLY_READ)
    document = _document(options, prepared, batch, found, exact, ran, code)
    if asked.out is not None:
        ids = [scan.scan_id for scan in prepared.scans]
        rows = {**ran.rows, "sweep_results": sweep_rows(ids, document, prepared.chosen, exact)}
        extend_snapshot(asked.db, asked.out, rows, ran.gone)
    return SweepOutcome(document, ran.assessed, ran.findings, code)


def _check(options: SweepOptions) -> None:
    """Raises: InputError for questions that do not go together."""
    asked = options.stress
    if asked.scenarios or asked.shocks or asked.reverse:
        raise InputError("--batch brings its own scenarios: leave --scenario, --shock, --reverse")
    if (options.table is None) == (options.draws is None):
        raise InputError("a sweep needs a table of scenarios, or a number of draws: one of both")
    if options.draws is not None and asked.returns is None:
        raise InputError("--batch N draws from a price history: give it with --returns")
    if options.draws is None and (asked.returns is not None or options.seed is not None):
        raise InputError("--returns and --seed are for draws (--batch N), not for a table")
    if not 0 <= options.exact <= MOST_EXACT:
        raise InputError(f"--exact has to be from 0 to {MOST_EXACT}, not {options.exact}")
    check_executor(asked.executor, asked.workers)


def _batch(options: SweepOptions, held: Held) -> Batch:
    """The scenarios."""
    if options.draws is not None:
        assert options.stress.returns is not None
        return drawn_batch(options.stress.returns, options.draws, options.seed or 0, held)
    if isinstance(options.table, Path):
        return table_batch(options.table, held)
    assert options.table is not None
    return columns_batch(options.table, held, source="a table in memory", where="the table")


def _document(
    options: SweepOptions,
    prepared: Prepared,
    batch: Batch,
    found: Swept,
    exact: dict[int, Assessed],
    ran: Ran,
    code: ExitCode,
) -> SweepDocument:
    """What the command says. exact: number of the scenario -> its exact cascade."""
    asked, cascades = options.stress, found.cascades
    column = batch.which + 1
    debt = cascades.bad_debt[column]
    rows = Counter(column.tolist())
    return SweepDocument(
        run=SweepRun(
            analyzer_version=__version__,
            exit_code=int(code),
            snapshot=asked.db.name,
            out=None if asked.out is None else asked.out.name,
            deployments=tuple(scan.deployment.name for scan in prepared.scans),
            source=batch.source,
            seed=batch.seed,
            scenarios=len(batch.names),
            distinct=len(batch.scenarios),
            engine=cascades.engine,
            exact=options.exact,
            order=asked.order,
            fail_on=asked.fail_on,
        ),
        leaves_out=LEAVES_OUT,
        book=SweptBook(
            len(found.book), int(found.book.nonlinear.sum()), int(found.book.unknown.sum())
        ),
        depth=tuple(
            DepthEntry(used.factor, used.origin, used.kind, used.source)
            for used in prepared.chosen.used
        ),
        not_moved=found.unmapped,
        not_held=batch.not_held,
        quantiles=_quantiles(debt),
        unknown_bad_debt=int((~np.isfinite(debt)).sum()),
        exact=tuple(_beside(found, number, one, rows[number]) for number, one in exact.items()),
        scenarios=_scenarios(batch, found, set(exact)),
        stress=ran.document,
    )


def _scenarios(batch: Batch, found: Swept, exact: set[int]) -> tuple[SweptScenario, ...]:
    """Row by row."""
    cascades, factors = found.cascades, found.book.factors

    def one(name: str, number: int) -> SweptScenario:
        return SweptScenario(
            name=name,
            scenario=batch.scenarios[number - 1].name,
            closed_accounts=int(cascades.failed[number]),
            notional_usd=_known(cascades.notional[number]),
            bad_debt_usd=_known(cascades.bad_debt[number]),
            rounds=int(cascades.rounds[number]),
            undecided=int(cascades.undecided[number]),
            shocks=dict(zip(factors, found.shocks[:, number].tolist(), strict=True)),
            prices=dict(zip(factors, cascades.prices[:, number].tolist(), strict=True)),
            exact=number in exact,
        )

    column = (batch.which + 1).tolist()
    return tuple(one(name, number) for name, number in zip(batch.names, column, strict=True))


def _beside(found: Swept, number: int, one: Assessed, rows: int) -> ExactBesideBatch:
    """One scenario by both."""
    own, exact = _known(found.cascades.bad_debt[number]), one.result.total_bad_debt_e18
    return ExactBesideBatch(
        scenario=one.scenario.name,
        cascade_id=one.cascade_id,
        rows=rows,
        batch_bad_debt_usd=own,
        exact_bad_debt_e18=exact,
        difference_usd=None if own is None else own - exact / WAD,
    )


def _quantiles(debt: Floats) -> tuple[Quantile, ...]:
    """Of the rows whose bad debt is known: the smallest value that the share does not exceed."""
    known = debt[np.isfinite(debt)]
    if not known.size:
        return ()
    values = np.quantile(known, SHARES, method="inverted_cdf")
    return tuple(Quantile(s, float(v)) for s, v in zip(SHARES, values.tolist(), strict=True))


def _known(value: Any) -> float | None:
    """A figure; None where it is none."""
    number = float(value)
    return number if math.isfinite(number) else None
