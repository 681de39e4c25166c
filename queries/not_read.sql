-- title: What was not read
-- question: Which reads gave no answer, and what were they for?
-- group: quality
-- column deployment: name of the deployment
-- column purpose: rebuild (margin needs it), evidence (only shown or compared), implementation or judge
-- column what: contract and function, or slot
-- column requested: how many
-- column not_read: how many were not answered
-- column reverted: how many reverted, which is an answer
-- column example: one of the failures, in the node's words
SELECT s.deployment, r.purpose, r.what, r.requested, r.not_read, r.reverted, r.example
FROM reads r
JOIN scans s USING (scan_id)
WHERE r.not_read > 0
ORDER BY s.deployment, r.purpose, r.what
