-- title: Exposure by market
-- question: How large is each market, who is on which side, and at what price is it valued?
-- group: markets
-- column deployment: name of the deployment
-- column symbol: the market
-- column status: open, paused, closed, ...
-- column reference_price: the price that margin uses, in the settlement currency
-- column longs: accounts with a positive size
-- column shorts: accounts with a negative size
-- column long_size: sum of positive sizes
-- column short_size: sum of negative sizes
-- column unrealized_pnl: sum over all accounts
SELECT
    s.deployment,
    m.symbol,
    m.status,
    TRY_CAST(m.reference_price_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18)
        AS reference_price,
    count(*) FILTER (p.size > 0) AS longs,
    count(*) FILTER (p.size < 0) AS shorts,
    sum(p.size) FILTER (p.size > 0) AS long_size,
    sum(p.size) FILTER (p.size < 0) AS short_size,
    sum(p.unrealized_pnl) AS unrealized_pnl
FROM markets m
JOIN scans s USING (scan_id)
LEFT JOIN v_positions p USING (scan_id, market_id)
GROUP BY s.deployment, m.scan_id, m.market_id, m.symbol, m.status, m.reference_price_e18
ORDER BY s.deployment, m.symbol
