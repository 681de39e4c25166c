-- title: Worst scenarios of a sweep
-- question: Which of many scenarios make the most bad debt, and what does the exact cascade say?
-- group: contagion
-- param limit INTEGER 20: how many rows
-- column sweep_id: key of the sweep
-- column name: of its row
-- column scenario: what was run for it: its own name, or the date that was drawn
-- column closed_accounts: accounts that were closed, by the linear twin
-- column notional_usd: what was closed at the prices at which it traded, by the linear twin
-- column bad_debt_usd: what closed accounts lack, before any waterfall, by the linear twin; NULL = unknown
-- column exact_bad_debt: of the exact cascade of the same scenario; NULL = it was not run
-- column difference_usd: linear twin less exact
-- column shocks: multiples of the block's prices, by factor
-- column source: where the scenarios are from
WITH once AS (
    SELECT *
    FROM sweep_results
    QUALIFY row_number() OVER (PARTITION BY sweep_id, row_no ORDER BY scan_id) = 1
)
SELECT
    sweep_id,
    name,
    scenario,
    closed_accounts,
    notional_usd,
    bad_debt_usd,
    TRY_CAST(exact_bad_debt_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS exact_bad_debt,
    bad_debt_usd - exact_bad_debt_e18::DOUBLE / 1e18 AS difference_usd,
    shocks,
    source
FROM once
ORDER BY bad_debt_usd DESC NULLS FIRST, sweep_id, row_no
LIMIT $limit
