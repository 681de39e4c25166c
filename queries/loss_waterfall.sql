-- title: Loss waterfall
-- question: Who bears a loss, in which order, with how much, against the bad debt there is?
-- group: liquidations
-- column deployment: name of the deployment
-- column layer: 1 = losses reach it first
-- column name: who stands there
-- column capacity: what it can bear, in the settlement currency; NULL = no bound, or not read
-- column unlimited: true = bears without a bound
-- column hidden_bad_debt: the deployment's bad debt that nobody has been charged with
-- column rule: when and how losses reach it
SELECT
    s.deployment,
    b.layer,
    b.name,
    TRY_CAST(b.capacity_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS capacity,
    b.unlimited,
    TRY_CAST(s.hidden_bad_debt_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18)
        AS hidden_bad_debt,
    b.rule
FROM backstops b
JOIN scans s USING (scan_id)
ORDER BY s.deployment, b.layer
