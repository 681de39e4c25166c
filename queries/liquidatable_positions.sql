-- title: Positions that can be liquidated
-- question: Which positions of unsafe accounts would the protocol close now, and how much of each?
-- group: liquidations
-- column deployment: name of the deployment
-- column account_id: the account
-- column symbol: the market
-- column size: net size, signed
-- column liquidatable_size: what would be closed at most now
-- column value: size at the reference price, signed, in the settlement currency
-- column verdict: verdict of the account
-- column out_of_range: true = an amount is too large for a decimal and is NULL here; the table holds it exactly
SELECT
    p.deployment,
    p.account_id,
    p.symbol,
    p.size,
    p.liquidatable_size,
    p.value,
    m.verdict,
    p.out_of_range
FROM v_positions p
JOIN v_margin m USING (scan_id, account_id)
WHERE m.verdict IN ('insolvent', 'liquidatable')
    AND p.blocked = ''
    AND (p.liquidatable_size <> 0 OR (p.liquidatable_size IS NULL AND p.out_of_range))
ORDER BY p.out_of_range DESC, abs(p.value) DESC NULLS LAST, p.account_id, p.symbol
