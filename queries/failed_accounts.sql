-- title: Accounts that fail
-- question: Which accounts fail in a cascade, in which round, and what do they lose?
-- group: contagion
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column scenario: name of the scenario
-- column account_id: the account
-- column round: of its first closure; NULL = could not be closed
-- column equity_before: at the block
-- column loss: what it lost until it failed
-- column deficit: what others bear of it
-- column closed_value: what was closed of it
SELECT
    s.deployment,
    c.scenario,
    v.account_id,
    v.round,
    TRY_CAST(v.equity_before_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS equity_before,
    TRY_CAST(v.loss_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS loss,
    TRY_CAST(v.deficit_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS deficit,
    TRY_CAST(v.closed_value_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS closed_value
FROM contagion_victims v
JOIN contagion_runs c USING (scan_id, cascade_id)
JOIN scans s USING (scan_id)
WHERE v.failed
ORDER BY deficit DESC NULLS LAST, loss DESC NULLS LAST, v.account_id
LIMIT $limit
