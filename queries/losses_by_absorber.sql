-- title: Who pays
-- question: Who bears the bad debt of a cascade, and how much of it?
-- group: contagion
-- column deployment: name of the deployment
-- column scenario: name of the scenario
-- column absorber: a layer of the waterfall, a winner whose profit is cut, or nobody yet
-- column bears: how much, in the settlement currency
-- column share: of all bad debt of that cascade (a float)
SELECT
    s.deployment,
    c.scenario,
    v.node AS absorber,
    TRY_CAST(v.loss_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS bears,
    CASE WHEN count(v.loss_e18) OVER (PARTITION BY v.cascade_id)
            = count(*) OVER (PARTITION BY v.cascade_id)
        THEN v.loss_e18::DOUBLE
            / nullif(sum(v.loss_e18::DOUBLE) OVER (PARTITION BY v.cascade_id), 0)
    END AS share
FROM contagion_victims v
JOIN contagion_runs c USING (scan_id, cascade_id)
JOIN scans s USING (scan_id)
WHERE NOT v.failed
ORDER BY c.scenario, bears DESC NULLS FIRST, absorber
