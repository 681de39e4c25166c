-- title: Nearest to liquidation
-- question: Which accounts that are still safe are nearest to liquidation?
-- group: accounts
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column account_id: the account
-- column verdict: healthy or below_initial
-- column margin_equity: what margin is counted on, in the settlement currency
-- column maintenance_margin: what maintenance requires
-- column headroom: margin equity - maintenance margin
-- column cover_ratio: margin equity / maintenance margin; 1 = on the edge (a float, for sorting)
-- column out_of_range: true = an amount is too large for a decimal and is NULL here; the table holds it exactly
SELECT
    deployment,
    account_id,
    verdict,
    margin_equity,
    maintenance_margin,
    headroom,
    margin_equity::DOUBLE / maintenance_margin::DOUBLE AS cover_ratio,
    out_of_range
FROM v_margin
WHERE verdict IN ('healthy', 'below_initial') AND maintenance_margin IS DISTINCT FROM 0
ORDER BY cover_ratio NULLS LAST, account_id
LIMIT $limit
