-- title: Accounts by age
-- question: When did accounts appear, and how do they stand today?
-- group: time
-- param buckets INTEGER 10: how many equal ranges of blocks
-- column deployment: name of the deployment
-- column bucket: 1 = the oldest accounts
-- column first_block: lowest first block of the bucket
-- column last_block: highest first block of the bucket
-- column accounts: accounts whose first event lies there
-- column unsafe: insolvent or liquidatable now
-- column unknown: could not be judged
SELECT
    deployment,
    bucket,
    min(first_block) AS first_block,
    max(first_block) AS last_block,
    count(*) AS accounts,
    count(*) FILTER (verdict IN ('insolvent', 'liquidatable')) AS unsafe,
    count(*) FILTER (verdict = 'unknown') AS unknown
FROM (
    SELECT
        s.deployment,
        a.first_block,
        m.verdict,
        ntile($buckets) OVER (PARTITION BY s.scan_id ORDER BY a.first_block, a.account_id) AS bucket
    FROM accounts a
    JOIN margin m USING (scan_id, account_id)
    JOIN scans s USING (scan_id)
    WHERE m.status NOT IN ('system', 'pool')
)
GROUP BY deployment, bucket
ORDER BY deployment, bucket
