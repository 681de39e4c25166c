-- title: On whom everything hangs
-- question: Which owner, price source, venue, backstop and keeper does most of a deployment hang on? (`risk clearing --out`)
-- group: risk
-- column deployment: whose
-- column what: owner, oracle, venue, backstop or keeper
-- column name: the largest
-- column share: its share
SELECT s.deployment, r.what, r.name, r.share
FROM risk_shares AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r.share DESC, r.what
