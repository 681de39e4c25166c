-- title: How far accounts may grow
-- question: How much more may an account take on, way by way, and what ends it? (`risk size --out`)
-- group: risk
-- column deployment: where the account is
-- column account_id: the account
-- column way: long, short, borrow or withdraw, and of what
-- column largest: units of the asset, one raw unit more fails; NULL = nothing ends it (a float)
-- column value_usd: that at the reference price
-- column bound: what ends it
-- column by_distance: units after which it survives the move `distance`; NULL = not asked (a float)
-- column distance: a move against it, 0.2 = by a fifth
-- column by_es_usd: the largest value within the budget of ES
-- column es_budget_usd: that budget
-- column hedges: whether a little of it raises free collateral
SELECT
    s.deployment,
    r.account_id,
    r.kind || ' ' || r.symbol AS way,
    r.largest::DOUBLE / pow(10, r.decimals) AS largest,
    r.value_usd,
    r.bound,
    r.by_distance::DOUBLE / pow(10, r.decimals) AS by_distance,
    r.distance,
    r.by_es_usd,
    r.es_budget_usd,
    r.hedges
FROM risk_sizes AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r.account_id, r.value_usd DESC NULLS FIRST, way
