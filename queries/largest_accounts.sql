-- title: Largest accounts
-- question: Which accounts hold the most, and how do they stand?
-- group: accounts
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column account_id: the account
-- column verdict: how it stands
-- column equity: in the settlement currency
-- column maintenance_margin: what maintenance requires
-- column share_of_equity: of all positive equity of the deployment (a float)
-- column out_of_range: true = an amount is too large for a decimal and is NULL here; the table holds it exactly
SELECT
    deployment,
    account_id,
    verdict,
    equity,
    maintenance_margin,
    CASE WHEN count(equity) OVER (PARTITION BY scan_id) = count(*) OVER (PARTITION BY scan_id)
        THEN equity::DOUBLE
            / nullif(sum(greatest(equity, 0)::DOUBLE) OVER (PARTITION BY scan_id), 0)
    END AS share_of_equity,
    out_of_range
FROM v_margin
WHERE verdict <> 'unknown'
ORDER BY equity DESC NULLS FIRST, deployment, account_id
LIMIT $limit
