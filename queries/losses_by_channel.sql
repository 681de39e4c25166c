-- title: Channels of contagion
-- question: Through which channel and asset did losses travel?
-- group: contagion
-- column scenario: name of the scenario
-- column channel: exogenous, price, receipt, deficit, haircut, adl, claim, past or offset
-- column asset: the factor or token that carried it
-- column edges: how many transmissions
-- column amount: their sum, in the settlement currency (edges into moves of price not counted twice)
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH passed AS (
    SELECT
        c.scenario,
        e.channel,
        e.asset,
        TRY_CAST(e.amount_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS amount
    FROM contagion_edges e
    JOIN contagion_runs c USING (scan_id, cascade_id)
    WHERE e.to_node NOT LIKE 'move:%' AND e.to_node NOT LIKE 'receipt:%'
),
counted AS (
    SELECT
        scenario,
        channel,
        asset,
        count(*) AS edges,
        count(amount) AS amounts,
        sum(trunc(amount)) AS amount_whole,
        sum(amount - trunc(amount)) AS amount_rest
    FROM passed
    GROUP BY scenario, channel, asset
)
SELECT
    scenario,
    channel,
    asset,
    edges,
    CASE WHEN amounts = edges THEN TRY(amount_whole::DECIMAL(38,18) + amount_rest) END
        AS amount,
    amount IS NULL AS unsummed
FROM counted
ORDER BY scenario, amount DESC NULLS FIRST, channel, asset
