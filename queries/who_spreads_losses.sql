-- title: Who spreads losses
-- question: Whose forced sales took most from accounts that failed later?
-- group: contagion
-- param limit INTEGER 20: how many rows
-- column scenario: name of the scenario
-- column node: the account
-- column asset: what its sales moved
-- column passed_on: what others lost by its part of the move
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH passed AS (
    SELECT
        c.scenario,
        e.from_node AS node,
        e.asset,
        TRY_CAST(e.amount_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS amount
    FROM contagion_edges e
    JOIN contagion_runs c USING (scan_id, cascade_id)
    WHERE e.channel = 'price' AND e.to_node LIKE 'move:%'
),
counted AS (
    SELECT
        scenario,
        node,
        asset,
        count(*) AS edges,
        count(amount) AS amounts,
        sum(trunc(amount)) AS amount_whole,
        sum(amount - trunc(amount)) AS amount_rest
    FROM passed
    GROUP BY scenario, node, asset
)
SELECT
    scenario,
    node,
    asset,
    CASE WHEN amounts = edges THEN TRY(amount_whole::DECIMAL(38,18) + amount_rest) END
        AS passed_on,
    passed_on IS NULL AS unsummed
FROM counted
ORDER BY passed_on DESC NULLS FIRST, node, asset
LIMIT $limit
