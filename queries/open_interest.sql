-- title: Open interest
-- question: How much is open on each side of each market, and what is it worth?
-- group: markets
-- column deployment: name of the deployment
-- column symbol: the market
-- column status: open, paused, closed, frozen, ...
-- column long: open interest of longs (supplied, for a lending market), in units of the asset
-- column short: open interest of shorts (borrowed)
-- column price: reference price
-- column skew: (long - short) / (long + short), from -1 to 1 (a float)
SELECT
    s.deployment,
    m.symbol,
    m.status,
    TRY_CAST(m.open_interest_long_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS long,
    TRY_CAST(m.open_interest_short_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS short,
    TRY_CAST(m.reference_price_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS price,
    (m.open_interest_long_e18::DOUBLE - m.open_interest_short_e18::DOUBLE)
        / nullif(m.open_interest_long_e18::DOUBLE + m.open_interest_short_e18::DOUBLE, 0) AS skew
FROM markets m
JOIN scans s USING (scan_id)
ORDER BY s.deployment, m.symbol, m.market_id
