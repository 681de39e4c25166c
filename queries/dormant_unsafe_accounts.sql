-- title: Dormant and unsafe
-- question: Which unsafe accounts has nobody touched for long?
-- group: time
-- param blocks INTEGER 10: blocks without any event
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column account_id: the account
-- column verdict: insolvent, liquidatable or unknown
-- column equity: in the settlement currency; NULL = unknown
-- column last_block: block of its last event
-- column blocks_ago: how many blocks before the scan
SELECT
    deployment,
    account_id,
    verdict,
    equity,
    last_block,
    TRY(block_number - last_block) AS blocks_ago
FROM v_accounts
WHERE verdict IN ('insolvent', 'liquidatable', 'unknown') AND TRY(block_number - last_block) >= $blocks
ORDER BY blocks_ago DESC, deployment, account_id
LIMIT $limit
