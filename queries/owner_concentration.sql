-- title: Concentration of owners
-- question: Which share of the requirement stands behind the largest owners?
-- group: owners
-- column deployment: name of the deployment
-- column owners: how many owners have a requirement
-- column top_1: share of the largest one (a float)
-- column top_5: share of the largest five
-- column top_10: share of the largest ten
-- column hhi: sum of the squared shares; 1 = one owner has it all
WITH shares AS (
    SELECT
        deployment,
        scan_id,
        sum(maintenance_margin)::DOUBLE
            / nullif(sum(sum(maintenance_margin)) OVER (PARTITION BY scan_id)::DOUBLE, 0) AS share,
        row_number() OVER (
            PARTITION BY scan_id ORDER BY sum(maintenance_margin) DESC, owner
        ) AS place
    FROM v_margin
    WHERE maintenance_margin > 0
    GROUP BY deployment, scan_id, owner
)
SELECT
    deployment,
    count(*) AS owners,
    sum(share) FILTER (place <= 1) AS top_1,
    sum(share) FILTER (place <= 5) AS top_5,
    sum(share) FILTER (place <= 10) AS top_10,
    sum(share * share) AS hhi
FROM shares
GROUP BY deployment, scan_id
ORDER BY deployment
