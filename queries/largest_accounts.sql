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
SELECT
    deployment,
    account_id,
    verdict,
    equity,
    maintenance_margin,
    equity::DOUBLE / sum(greatest(equity, 0)) OVER (PARTITION BY scan_id)::DOUBLE AS share_of_equity
FROM v_margin
WHERE equity IS NOT NULL
ORDER BY equity DESC, deployment, account_id
LIMIT $limit
