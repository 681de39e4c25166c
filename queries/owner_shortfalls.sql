-- title: Shortfalls by owner
-- question: What does each owner lack, all accounts of one deployment together?
-- group: owners
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column owner: address that owns the accounts
-- column accounts: how many of them have negative equity
-- column shortfall: sum of their negative equity, as a positive number
-- column other_equity: positive equity of the owner's other accounts, which does not help
SELECT
    deployment,
    owner,
    count(*) FILTER (equity < 0) AS accounts,
    -sum(least(equity, 0)) AS shortfall,
    sum(greatest(equity, 0)) AS other_equity
FROM v_margin
WHERE equity IS NOT NULL
GROUP BY deployment, owner
HAVING sum(least(equity, 0)) < 0
ORDER BY shortfall DESC, deployment, owner
LIMIT $limit
