-- title: Channels of contagion
-- question: Through which channel and asset did losses travel?
-- group: contagion
-- column scenario: name of the scenario
-- column channel: exogenous, price, receipt, deficit, haircut, adl, claim, past or offset
-- column asset: the factor or token that carried it
-- column edges: how many transmissions
-- column amount: their sum, in the settlement currency (edges into moves of price not counted twice)
SELECT
    c.scenario,
    e.channel,
    e.asset,
    count(*) AS edges,
    TRY_CAST(sum(e.amount_e18) AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS amount
FROM contagion_edges e
JOIN contagion_runs c USING (scan_id, cascade_id)
WHERE e.to_node NOT LIKE 'move:%' AND e.to_node NOT LIKE 'receipt:%'
GROUP BY c.scenario, e.channel, e.asset
ORDER BY c.scenario, amount DESC NULLS LAST, e.channel, e.asset
