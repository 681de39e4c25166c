-- title: Who spreads losses
-- question: Whose forced sales took most from accounts that failed later?
-- group: contagion
-- param limit INTEGER 20: how many rows
-- column scenario: name of the scenario
-- column node: the account
-- column asset: what its sales moved
-- column passed_on: what others lost by its part of the move
SELECT
    c.scenario,
    e.from_node AS node,
    e.asset,
    TRY_CAST(sum(e.amount_e18) AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS passed_on
FROM contagion_edges e
JOIN contagion_runs c USING (scan_id, cascade_id)
WHERE e.channel = 'price' AND e.to_node LIKE 'move:%'
GROUP BY c.scenario, e.from_node, e.asset
ORDER BY passed_on DESC NULLS LAST, node, e.asset
LIMIT $limit
