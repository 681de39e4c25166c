-- title: How accounts get out of danger
-- question: What does an account sell or repay, in which order, until its requirement holds again, and at what cost? (`risk unwind --out`)
-- group: risk
-- column deployment: where the account is
-- column account_id: the account
-- column until: what has to hold again
-- column step: place in the plan
-- column way: what is sold or bought back, and what is repaid with it
-- column amount: units of the asset (a float)
-- column share: of all there is of it
-- column value: at the reference price
-- column cost: that less what it fetches
-- column venue: where it is traded
-- column restored: whether the whole plan passes the protocol's own test
SELECT
    s.deployment,
    r.account_id,
    r.until,
    r.step,
    CASE WHEN r.bought THEN 'buy ' ELSE 'sell ' END || r.symbol
        || CASE WHEN r.debt_symbol = '' THEN '' ELSE ' for ' || r.debt_symbol END AS way,
    r.amount::DOUBLE / pow(10, r.decimals) AS amount,
    r.share,
    r.value_usd AS value,
    r.cost_usd AS cost,
    r.venue,
    r.restored
FROM risk_unwinds AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r.account_id, r.until, r.step
