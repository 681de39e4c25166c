-- title: Maker ranges
-- question: How much liquidity do makers provide in each market, and what have they earned?
-- group: markets
-- column deployment: name of the deployment
-- column symbol: the market
-- column makers: accounts with at least one order
-- column orders: orders
-- column base_debt: base put in, whole units
-- column quote_debt: quote put in, in the settlement currency
-- column pending_fee: fees earned and not collected
SELECT
    s.deployment,
    k.symbol,
    count(DISTINCT o.account_id) AS makers,
    count(*) AS orders,
    TRY_CAST(sum(o.base_debt_e18) AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18)
        AS base_debt,
    TRY_CAST(sum(o.quote_debt_e18) AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18)
        AS quote_debt,
    TRY_CAST(sum(o.pending_fee_e18) AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18)
        AS pending_fee
FROM orders o
JOIN scans s USING (scan_id)
JOIN markets k USING (scan_id, market_id)
GROUP BY s.deployment, k.symbol
ORDER BY s.deployment, k.symbol
