-- title: Code behind the contracts
-- question: Which implementation did each contract run, and do we have rules for it?
-- group: quality
-- column deployment: name of the deployment
-- column role: what the contract is
-- column address: where
-- column implementation: behind a proxy; NULL = none, or not recorded
-- column status: known, unknown, no code, changed without event or not recorded
-- column note: what is known of it
SELECT s.deployment, i.role, i.address, i.implementation, i.status, i.note
FROM implementations i
JOIN scans s USING (scan_id)
ORDER BY i.status = 'known', s.deployment, i.role, i.address
