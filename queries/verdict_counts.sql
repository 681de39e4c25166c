-- title: Verdicts
-- question: How many accounts have which verdict, and what are they worth together?
-- group: accounts
-- column deployment: name of the deployment
-- column block_number: the block
-- column verdict: unknown, insolvent, liquidatable, below_initial or healthy
-- column accounts: how many
-- column equity: sum of equity in the settlement currency, NULL when unknown
-- column maintenance_margin: sum of what maintenance requires, NULL when unknown
SELECT
    deployment,
    block_number,
    verdict,
    count(*) AS accounts,
    sum(equity) AS equity,
    sum(maintenance_margin) AS maintenance_margin
FROM v_margin
GROUP BY deployment, block_number, verdict
ORDER BY deployment, accounts DESC, verdict
