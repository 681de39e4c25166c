-- title: Price ages
-- question: How old is each price that the verdicts lean on?
-- group: quality
-- column deployment: name of the deployment
-- column symbol: token or market
-- column price: the reference price, in the settlement currency
-- column status: fresh, undated (its source gives no time), stale, doubtful, invalid, fixed or missing
-- column age_s: seconds between the source's last update and the block; NULL = it has no time
-- column source: formula and contract
SELECT
    s.deployment,
    p.symbol,
    TRY_CAST(p.price_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS price,
    p.status,
    TRY(s.block_time - p.updated_at) AS age_s,
    p.source
FROM prices p
JOIN scans s USING (scan_id)
ORDER BY s.deployment, age_s DESC NULLS LAST, p.symbol
