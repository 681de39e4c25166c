-- title: Markets of a cascade
-- question: What did forced trades meet, market by market, and would a market show it?
-- group: contagion
-- param scenario VARCHAR %: name of the scenario, % stands for anything
-- column deployment: name of the deployment
-- column scenario: name of the scenario
-- column factor: the side whose price moves
-- column against: the other side
-- column depth_usd: net sales that take its price down by ten percent; NULL = none do, or unknown
-- column curve: kind of the depth curve
-- column source: where the depth is from
-- column sold: sold of the factor in this pair, at the block's prices
-- column bought: bought likewise
-- column unsold: what no market bore of the factor's sales
-- column unbought: the same of purchases
-- column price_shocked: its price at the last shock, as a share of the block's
-- column price_after: the same in the end
-- column implausible: whether forced trades alone move the factor by more than half
SELECT
    s.deployment,
    c.scenario,
    m.factor,
    m.against,
    m.depth_usd,
    m.curve,
    m.source,
    TRY_CAST(m.sold_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS sold,
    TRY_CAST(m.bought_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS bought,
    TRY_CAST(m.unsold_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS unsold,
    TRY_CAST(m.unbought_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS unbought,
    m.price_shocked,
    m.price_after,
    list_contains(CAST(c.implausible AS VARCHAR[]), m.factor) AS implausible
FROM cascade_markets m
JOIN contagion_runs c USING (scan_id, cascade_id)
JOIN scans s USING (scan_id)
WHERE c.scenario LIKE $scenario
ORDER BY c.scenario, s.deployment, m.sold_e18::DOUBLE + m.bought_e18::DOUBLE DESC NULLS LAST, m.factor, m.against
