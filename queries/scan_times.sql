-- title: When was scanned
-- question: Which block does each scan stand for, and how old was it?
-- group: time
-- column deployment: name of the deployment
-- column block_number: the block
-- column block_time: its time, UTC
-- column finished_at: when the run had its results, UTC
-- column lag_seconds: between the two
-- column source: rpc or recording
-- column exit_code: what the run said to the shell
SELECT
    s.deployment,
    s.block_number,
    TRY(make_timestamp(s.block_time * 1000000)) AS block_time,
    r.finished_at,
    TRY(epoch(r.finished_at)::BIGINT - s.block_time) AS lag_seconds,
    r.source,
    r.exit_code
FROM scans s
JOIN runs r USING (scan_id)
ORDER BY s.block_number, s.deployment
