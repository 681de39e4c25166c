"""The view `v_owners`: an owner's accounts over all deployments of a run, added up."""

from __future__ import annotations

from analyzer.model.rows import OWN_STATUSES
from analyzer.store.schema import View

_LARGEST = 10**35
"""A larger amount (18 decimals) is not added up."""
_HALF = f"{10**19}::HUGEINT"
"""Where an amount is cut in two halves of at most 19 digits."""


def _bounded(column: str) -> str:
    """The amount where it may be added up, else NULL."""
    return f"CASE WHEN abs({column}) <= {_LARGEST}::HUGEINT THEN {column} END"


def total_sql(column: str) -> str:
    """The sum of 18-decimal HUGEINTs, exact; NULL where an amount is NULL, or the sum has more than
    38 digits.

    The amounts are added in two halves, whose sums fit whatever they are, and the halves are put
    together only where that fits. (`TRY` of a list would be shorter, and is not known to DuckDB
    1.0, for which a snapshot can be exported.)
    """
    low = f"sum({column} % {_HALF})"
    high = f"(sum({column} // {_HALF}) + {low} // {_HALF})"
    fits = f"count({column}) = count(*) AND abs({high}) < {_HALF} - 1"
    return f"CASE WHEN {fits} THEN {high}::HUGEINT * {_HALF} + {low}::HUGEINT % {_HALF} END"


def _summed(column: str) -> str:
    """The sum as DECIMAL(38,18), exact; NULL as `total_sql` is."""
    return f"({total_sql(column)})::DECIMAL(38,0) * 0.000000000000000001::DECIMAL(18,18)"


def counted_sql(alias: str) -> str:
    """Whether a row of `margin` is of an account that counts: not one of the protocol's own."""
    own = ", ".join(f"'{status}'" for status in OWN_STATUSES)
    return f"coalesce({alias}.status NOT IN ({own}), true)"


_HELD = f"""
held AS (
    SELECT
        scan_id, account_id,
        coalesce(sum(greatest({_bounded("value_e18")}, 0)), 0)::HUGEINT AS gross_e18,
        coalesce(bool_or(
            amount_overflow IS NOT NULL
            OR (amount > 0 AND {_bounded("value_e18")} IS NULL)
        ), false) AS unvalued
    FROM collateral GROUP BY scan_id, account_id
)"""

_ACCOUNTS = f"""
own AS (
    SELECT
        r.run_id, s.chain_id, m.owner, s.deployment, s.protocol, m.verdict,
        {_bounded("m.equity_e18")} AS equity_e18,
        {_bounded("m.margin_equity_e18")} AS margin_equity_e18,
        {_bounded("m.maintenance_margin_e18")} AS maintenance_e18,
        {_bounded("m.headroom_e18")} AS headroom_e18,
        -- greatest() takes NULL for nothing, so an unknown equity is kept out of it.
        CASE WHEN NOT coalesce(h.unvalued, false) AND {_bounded("m.equity_e18")} IS NOT NULL
            THEN greatest(coalesce(h.gross_e18, 0) - {_bounded("m.equity_e18")}, 0) END AS debt_e18
    FROM margin m
    JOIN scans s USING (scan_id)
    JOIN runs r USING (scan_id)
    LEFT JOIN held h USING (scan_id, account_id)
    WHERE {counted_sql("m")}
)"""

_SHARED = f"""
by_factor AS (
    SELECT
        r.run_id, s.chain_id, m.owner, coalesce(p.factor, c.symbol) AS factor,
        count(DISTINCT c.scan_id) AS scans,
        {total_sql(_bounded("c.value_e18"))} AS value_e18
    FROM collateral c
    JOIN margin m USING (scan_id, account_id)
    JOIN scans s USING (scan_id)
    JOIN runs r USING (scan_id)
    LEFT JOIN prices p USING (scan_id, asset_id)
    WHERE c.amount > 0 OR c.amount_overflow IS NOT NULL
    GROUP BY ALL
),
shared AS (
    SELECT
        run_id, chain_id, owner,
        string_agg(factor, ', ' ORDER BY factor) AS shared_factors,
        {_summed("value_e18")} AS shared_collateral
    FROM by_factor WHERE scans > 1 GROUP BY run_id, chain_id, owner
)"""

_OWNERS = f"""
owners AS (
    SELECT
        run_id, chain_id, owner,
        count(*) AS accounts,
        count(DISTINCT deployment) AS deployments,
        string_agg(DISTINCT protocol, ', ' ORDER BY protocol) AS protocols,
        count(*) FILTER (verdict = 'unknown') AS unknown_accounts,
        {_summed("equity_e18")} AS equity,
        {_summed("debt_e18")} AS debt,
        {_summed("margin_equity_e18")} AS margin_equity,
        {_summed("maintenance_e18")} AS maintenance_margin,
        {_summed("headroom_e18")} AS headroom,
        CASE min(CASE verdict
            WHEN 'insolvent' THEN 1 WHEN 'liquidatable' THEN 2 WHEN 'unknown' THEN 3
            WHEN 'below_initial' THEN 4 ELSE 5 END)
            WHEN 1 THEN 'insolvent' WHEN 2 THEN 'liquidatable' WHEN 3 THEN 'unknown'
            WHEN 4 THEN 'below_initial' ELSE 'healthy' END AS worst_verdict,
        coalesce(bool_or(verdict <> 'unknown' AND (
            equity_e18 IS NULL OR margin_equity_e18 IS NULL OR maintenance_e18 IS NULL
            OR headroom_e18 IS NULL OR debt_e18 IS NULL)), false) AS out_of_range
    FROM own GROUP BY run_id, chain_id, owner
)"""

_SUM = " Sum over the accounts, settlement currencies as one unit; NULL = one is unknown."

V_OWNERS = View(
    "v_owners",
    "Owners: their accounts over all deployments of a run, added up. One row per run and owner."
    " Every amount is at each deployment's own prices.",
    (
        ("run_id", "o.run_id", "The run."),
        ("chain_id", "o.chain_id", "Chain id."),
        ("owner", "o.owner", "Address that owns the accounts."),
        ("accounts", "o.accounts", "How many accounts, the unknown ones included."),
        ("deployments", "o.deployments", "In how many deployments."),
        ("protocols", "o.protocols", "Of which protocols."),
        ("unknown_accounts", "o.unknown_accounts", "How many of them could not be judged."),
        (
            "worst_verdict",
            "o.worst_verdict",
            "The first that an account has of insolvent, liquidatable, unknown, below_initial,"
            " healthy.",
        ),
        ("equity", "o.equity", "Everything at reference prices, no haircut." + _SUM),
        (
            "debt",
            "o.debt",
            "What is owed: positive collateral balances at full value - equity, where that is"
            " above 0; loans, negative balances and losses not yet settled." + _SUM,
        ),
        ("margin_equity", "o.margin_equity", "What margin is counted on." + _SUM),
        (
            "maintenance_margin",
            "o.maintenance_margin",
            "Below this an account is liquidated." + _SUM,
        ),
        (
            "headroom",
            "o.headroom",
            "margin equity - maintenance margin. No protocol nets it with another's." + _SUM,
        ),
        (
            "shared_collateral",
            "CASE WHEN h.owner IS NULL THEN 0 ELSE h.shared_collateral END",
            "Value of the collateral whose risk factor backs accounts in two or more deployments;"
            " 0 = none. NULL = an amount of it is unknown.",
        ),
        (
            "shared_factors",
            "coalesce(h.shared_factors, '')",
            "The risk factors of that collateral; empty = none.",
        ),
        (
            "out_of_range",
            "o.out_of_range",
            "true = an amount of a judged account is unvalued, or too large to be added up (1e17"
            " or more), and its sum is NULL.",
        ),
    ),
    f"(WITH {_HELD}, {_ACCOUNTS}, {_SHARED}, {_OWNERS} SELECT * FROM owners) o"
    f" LEFT JOIN (WITH {_SHARED} SELECT * FROM shared) h USING (run_id, chain_id, owner)",
)
