-- title: Cover-1 and Cover-2
-- question: Does the fund outlast the default of the largest one or two owners?
-- group: contagion
-- column deployment: name of the deployment
-- column scenario: name of the scenario
-- column fund: what has to pay held at the block; NULL = unknown
-- column cover1: what the worst owner lacks
-- column cover2: what the worst two lack together
-- column covers: 0, 1 or 2 = how many owners' defaults the fund outlasts; NULL = unknown
SELECT
    s.deployment,
    r.scenario,
    TRY_CAST(r.fund_before_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS fund,
    TRY_CAST(r.cover1_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS cover1,
    TRY_CAST(r.cover2_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS cover2,
    CASE
        WHEN r.fund_before_e18 IS NULL THEN NULL
        WHEN r.fund_before_e18 >= r.cover2_e18 THEN 2
        WHEN r.fund_before_e18 >= r.cover1_e18 THEN 1
        ELSE 0
    END AS covers
FROM stress_results r
JOIN scans s USING (scan_id)
ORDER BY covers NULLS FIRST, cover1 DESC NULLS LAST, r.scenario, s.deployment
