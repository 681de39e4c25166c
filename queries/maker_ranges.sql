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
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH ranges AS (
    SELECT
        s.deployment,
        k.symbol,
        o.account_id,
        TRY_CAST(o.base_debt_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS base,
        TRY_CAST(o.quote_debt_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS quote,
        TRY_CAST(o.pending_fee_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS fee
    FROM orders o
    JOIN scans s USING (scan_id)
    JOIN markets k USING (scan_id, market_id)
),
counted AS (
    SELECT
        deployment,
        symbol,
        count(DISTINCT account_id) AS makers,
        count(*) AS orders,
        count(base) AS bases,
        sum(trunc(base)) AS base_whole,
        sum(base - trunc(base)) AS base_rest,
        count(quote) AS quotes,
        sum(trunc(quote)) AS quote_whole,
        sum(quote - trunc(quote)) AS quote_rest,
        count(fee) AS fees,
        sum(trunc(fee)) AS fee_whole,
        sum(fee - trunc(fee)) AS fee_rest
    FROM ranges
    GROUP BY deployment, symbol
)
SELECT
    deployment,
    symbol,
    makers,
    orders,
    CASE WHEN bases = orders THEN TRY(base_whole::DECIMAL(38,18) + base_rest) END
        AS base_debt,
    CASE WHEN quotes = orders THEN TRY(quote_whole::DECIMAL(38,18) + quote_rest) END
        AS quote_debt,
    CASE WHEN fees = orders THEN TRY(fee_whole::DECIMAL(38,18) + fee_rest) END
        AS pending_fee,
    base_debt IS NULL OR quote_debt IS NULL OR pending_fee IS NULL AS unsummed
FROM counted
ORDER BY deployment, symbol
