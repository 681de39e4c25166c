-- title: What was compared
-- question: Which fields of which contracts were compared, and how did it go?
-- group: quality
-- column deployment: name of the deployment
-- column contract: whose view was asked
-- column field: which field of its answer
-- column equal: comparisons that agree
-- column differs: comparisons that do not
-- column not_compared: views that gave no answer
SELECT
    s.deployment,
    v.contract,
    v.field,
    count(*) FILTER (v.equal) AS equal,
    count(*) FILTER (NOT v.equal) AS differs,
    count(*) FILTER (v.equal IS NULL) AS not_compared
FROM verification v
JOIN scans s USING (scan_id)
GROUP BY s.deployment, v.contract, v.field
ORDER BY differs DESC, not_compared DESC, s.deployment, v.contract, v.field
