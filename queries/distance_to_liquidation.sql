-- title: Distance to liquidation
-- question: How far does the market have to move until each account is liquidated?
-- group: liquidations
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column ray: which way all prices move together
-- column account_id: the account
-- column multiple: of the block's prices at which it is first liquidatable; 1 = now
-- column move_percent: the same as a move in percent
-- column value_usd: its gross exposure, dollars (a float)
SELECT
    s.deployment,
    d.ray,
    d.account_id,
    d.multiple,
    100 * (d.multiple - 1) AS move_percent,
    d.value_usd
FROM distances d
JOIN scans s USING (scan_id)
WHERE d.multiple IS NOT NULL
ORDER BY abs(d.multiple - 1), d.ray, s.deployment, d.account_id
LIMIT $limit
