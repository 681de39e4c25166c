-- title: Rounds of a cascade
-- question: Round by round: who was closed, and what was lost?
-- group: contagion
-- param scenario VARCHAR %: name of the scenario, % stands for anything
-- column deployment: name of the deployment
-- column scenario: name of the scenario
-- column round: 0 = the shock
-- column closed_accounts: accounts that were closed in it
-- column closures: closures that were executed
-- column closed_value: what was closed, at the protocol's prices
-- column bad_debt: losses that were handed on in it
-- column price_after: factor -> price as a share of the block's, as JSON
-- column ledger_closes: whether accounts, absorbers, liquidators and market add up to zero
SELECT
    s.deployment,
    c.scenario,
    r.round,
    r.closed_accounts,
    r.closures,
    TRY_CAST(r.closed_value_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS closed_value,
    TRY_CAST(r.bad_debt_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS bad_debt,
    r.price_after,
    r.ledger_closes
FROM cascade_rounds r
JOIN contagion_runs c USING (scan_id, cascade_id)
JOIN scans s USING (scan_id)
WHERE c.scenario LIKE $scenario
ORDER BY c.scenario, s.deployment, r.round
