-- title: Unknown accounts
-- question: Which accounts could not be judged, and why?
-- group: quality
-- column deployment: name of the deployment
-- column account_id: the account
-- column reason: what was stale, reverted or missing
SELECT deployment, account_id, reason
FROM v_margin
WHERE verdict = 'unknown'
ORDER BY deployment, account_id
