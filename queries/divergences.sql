-- title: Divergences from the contract
-- question: Which rebuilt numbers does the contract contradict?
-- group: quality
-- column deployment: name of the deployment
-- column account_id: the account; NULL = a market or the deployment
-- column market_id: the market; NULL = none
-- column contract: contract and view that was asked
-- column field: what was compared
-- column expected: the rebuilt value
-- column actual: the contract's value
SELECT s.deployment, v.account_id, v.market_id, v.contract, v.field, v.expected, v.actual
FROM verification v
JOIN scans s USING (scan_id)
WHERE NOT v.equal
ORDER BY s.deployment, v.check_no
