-- title: Accounts below maintenance
-- question: Which accounts are below their maintenance margin, and by how much?
-- group: accounts
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column account_id: the account
-- column verdict: insolvent or liquidatable, or what else the protocol's own test says
-- column equity: everything at reference prices, in the settlement currency
-- column maintenance_margin: what maintenance requires
-- column missing: maintenance margin - margin equity
-- column verified: true = every compared field equals the contract's view, NULL = not compared
-- column out_of_range: true = an amount is too large for a decimal and is NULL here; the table holds it exactly
SELECT
    deployment,
    account_id,
    verdict,
    equity,
    maintenance_margin,
    -headroom AS missing,
    verified,
    out_of_range
FROM v_margin
WHERE headroom < 0 OR (headroom IS NULL AND verdict IN ('insolvent', 'liquidatable'))
ORDER BY missing DESC NULLS FIRST, account_id
LIMIT $limit
