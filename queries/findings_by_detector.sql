-- title: Findings
-- question: What was found, how severe, and how often?
-- group: quality
-- column deployment: name of the deployment
-- column severity: of the finding
-- column detector: what found it
-- column findings: how many
-- column accounts: how many accounts they are about
-- column example: title of one of them
SELECT
    deployment,
    severity,
    detector,
    count(*) AS findings,
    count(DISTINCT account_id) AS accounts,
    min(title) AS example
FROM v_findings
GROUP BY deployment, severity, detector
ORDER BY
    CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END,
    findings DESC, deployment, detector
