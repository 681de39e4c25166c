-- title: Cover-1 and Cover-2 over all scenarios
-- question: Does the fund outlast the owners who lack most under any scenario that was run?
-- group: contagion
-- column deployment: name of the deployment
-- column fund: what has to pay held at the block; NULL = unknown
-- column cover1: the most that one owner lacks under any scenario
-- column cover1_scenario: the scenario that makes it
-- column cover2: the most that two owners lack together under any scenario
-- column cover2_scenario: the scenario that makes it
-- column owners: the two of cover2, largest first, as JSON
-- column covers: 0, 1 or 2 = how many owners' defaults the fund outlasts; NULL = unknown
WITH worst AS (
    SELECT
        scan_id,
        max(fund_before_e18) AS fund_e18,
        max(cover1_e18) AS cover1_e18,
        arg_max(scenario, cover1_e18) AS cover1_scenario,
        max(cover2_e18) AS cover2_e18,
        arg_max(scenario, cover2_e18) AS cover2_scenario,
        arg_max(cover_owners, cover2_e18) AS owners
    FROM stress_results
    GROUP BY scan_id
)
SELECT
    s.deployment,
    TRY_CAST(w.fund_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS fund,
    TRY_CAST(w.cover1_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS cover1,
    w.cover1_scenario,
    TRY_CAST(w.cover2_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS cover2,
    w.cover2_scenario,
    w.owners,
    CASE
        WHEN w.fund_e18 IS NULL THEN NULL
        WHEN greatest(w.fund_e18, 0) >= w.cover2_e18 THEN 2
        WHEN greatest(w.fund_e18, 0) >= w.cover1_e18 THEN 1
        ELSE 0
    END AS covers
FROM worst w
JOIN scans s USING (scan_id)
ORDER BY covers NULLS FIRST, cover2 DESC NULLS LAST, s.deployment
