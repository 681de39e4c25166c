-- title: Liquidation wall
-- question: How much is sold by force when the market has moved so far?
-- group: liquidations
-- param ray VARCHAR %: which ray, % stands for any
-- column deployment: name of the deployment
-- column ray: which way all prices move together
-- column factor: what is sold
-- column level: multiple of the block's prices
-- column accounts: accounts that are liquidated at this level
-- column value_usd: what is sold at this level, dollars at the block's prices (a float)
-- column cumulative_usd: what is sold until this level
SELECT s.deployment, w.ray, w.factor, w.level, w.accounts, w.value_usd, w.cumulative_usd
FROM liquidation_wall w
JOIN scans s USING (scan_id)
WHERE w.ray LIKE $ray
ORDER BY s.deployment, w.ray, w.factor, abs(w.level - 1)
