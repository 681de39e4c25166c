-- title: Statement of an account
-- question: Line by line: where do an account's numbers come from?
-- group: accounts
-- param account VARCHAR %: the account in any case, % and … stand for anything
-- param limit INTEGER 200: how many rows
-- column deployment: name of the deployment
-- column account_id: the account
-- column section: collateral, positions, requirement, result, ...
-- column label: what the line is
-- column amount: an integer in the unit; NULL = unknown
-- column unit: of the amount
-- column source: contract, view or slot, and formula
SELECT s.deployment, t.account_id, t.section, t.label, t.amount, t.unit, t.source
FROM statements t
JOIN scans s USING (scan_id)
WHERE lower(t.account_id) LIKE lower(replace($account, '…', '%'))
ORDER BY s.deployment, t.account_id, t.line_no
LIMIT $limit
