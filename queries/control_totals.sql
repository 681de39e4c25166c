-- title: Control totals
-- question: Do the sums over all rebuilt accounts meet what the chain holds?
-- group: quality
-- column deployment: name of the deployment
-- column name: the total
-- column identity: the equation in words
-- column difference: rebuilt - on chain, in the unit
-- column allowed: largest difference that the named roundings can make
-- column unit: unit of the amounts
-- column holds: true, false, or NULL = not read
-- column why: which roundings, and how many
SELECT s.deployment, t.name, t.identity, t.difference, t.allowed, t.unit, t.holds, t.why
FROM totals t
JOIN scans s USING (scan_id)
ORDER BY s.deployment, t.holds NULLS FIRST, t.name
