-- title: The order of a run
-- question: Who leaves a reserve in which order, who gets what, and who is locked? (`risk exits --out`)
-- group: risk
-- param symbol VARCHAR %: which reserve, a LIKE pattern
-- column deployment: whose reserve
-- column symbol: what is withdrawn
-- column place: place in the run, the largest first
-- column account_id: who leaves
-- column wants: what its own margin lets go, units (a float)
-- column paid: what it gets (a float)
-- column locked: what stays (a float)
SELECT
    s.deployment,
    e.symbol,
    r.place,
    r.account_id,
    r.wants::DOUBLE / pow(10, e.decimals) AS wants,
    r.paid::DOUBLE / pow(10, e.decimals) AS paid,
    r.locked::DOUBLE / pow(10, e.decimals) AS locked
FROM risk_leavers AS r
JOIN risk_exits AS e USING (scan_id, asset_id)
JOIN scans AS s USING (scan_id)
WHERE e.symbol LIKE $symbol
ORDER BY s.deployment, e.symbol, r.place
