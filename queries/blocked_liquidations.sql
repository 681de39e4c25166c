-- title: Liquidations that cannot happen
-- question: Which liquidations would revert although the account ought to be liquidated, and why?
-- group: liquidations
-- column deployment: name of the deployment
-- column account_id: the account; NULL = a whole market
-- column market: the market
-- column severity: how bad
-- column title: what is blocked
-- column cause: why
SELECT
    deployment,
    account_id,
    market,
    severity,
    title,
    json_extract_string(evidence, '$.cause') AS cause
FROM v_findings
WHERE detector = 'liquidation-blocked'
ORDER BY deployment, account_id NULLS FIRST, market
