-- title: Largest positions
-- question: Who holds the largest positions, and how safe are they?
-- group: markets
-- param market VARCHAR %: symbol of the market, % for any
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column symbol: the market
-- column account_id: the account
-- column size: net size, signed
-- column value: size at the reference price, signed, in the settlement currency
-- column unrealized_pnl: unrealized PnL of the position
-- column verdict: verdict of the account
-- column headroom: margin equity - maintenance margin of the account
-- column out_of_range: true = an amount is too large for a decimal and is NULL here; the table holds it exactly
SELECT
    p.deployment,
    p.symbol,
    p.account_id,
    p.size,
    p.value,
    p.unrealized_pnl,
    m.verdict,
    m.headroom,
    p.out_of_range
FROM v_positions p
JOIN v_margin m USING (scan_id, account_id)
WHERE p.symbol LIKE $market AND p.size IS DISTINCT FROM 0
ORDER BY p.out_of_range DESC, abs(p.value) DESC NULLS LAST, p.account_id
LIMIT $limit
