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
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH counted AS (
    SELECT
        s.deployment,
        m.symbol,
        m.status,
        TRY_CAST(m.reference_price_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18)
            AS reference_price,
        count(p.account_id) AS positions,
        count(p.size) AS sizes,
        count(p.unrealized_pnl) AS pnls,
        count(*) FILTER (p.size > 0) AS longs,
        count(*) FILTER (p.size < 0) AS shorts,
        sum(trunc(p.size)) FILTER (p.size > 0) AS long_whole,
        sum(p.size - trunc(p.size)) FILTER (p.size > 0) AS long_rest,
        sum(trunc(p.size)) FILTER (p.size < 0) AS short_whole,
        sum(p.size - trunc(p.size)) FILTER (p.size < 0) AS short_rest,
        sum(trunc(p.unrealized_pnl)) AS pnl_whole,
        sum(p.unrealized_pnl - trunc(p.unrealized_pnl)) AS pnl_rest
    FROM markets m
    JOIN scans s USING (scan_id)
    LEFT JOIN v_positions p USING (scan_id, market_id)
    GROUP BY s.deployment, m.scan_id, m.market_id, m.symbol, m.status, m.reference_price_e18
)
SELECT
    deployment,
    symbol,
    status,
    reference_price,
    longs,
    shorts,
    CASE WHEN sizes = positions THEN TRY(long_whole::DECIMAL(38,18) + long_rest) END
        AS long_size,
    CASE WHEN sizes = positions THEN TRY(short_whole::DECIMAL(38,18) + short_rest) END
        AS short_size,
    CASE WHEN pnls = positions THEN TRY(pnl_whole::DECIMAL(38,18) + pnl_rest) END
        AS unrealized_pnl,
    sizes < positions
        OR (longs > 0 AND long_size IS NULL)
        OR (shorts > 0 AND short_size IS NULL)
        OR (positions > 0 AND unrealized_pnl IS NULL) AS unsummed
FROM counted
ORDER BY deployment, symbol
