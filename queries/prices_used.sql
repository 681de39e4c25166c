-- title: Prices
-- question: At which price is each asset counted, and where is it from?
-- group: markets
-- column deployment: name of the deployment
-- column symbol: the asset or market
-- column factor: its risk factor
-- column price: in the settlement currency; NULL = there is none
-- column status: fresh, stale, invalid, fixed or missing
-- column source: formula and contract
SELECT s.deployment, p.symbol, p.factor, TRY_CAST(p.price_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS price, p.status, p.source
FROM prices p
JOIN scans s USING (scan_id)
ORDER BY s.deployment, p.symbol, p.asset_id
