-- title: Concentration of owners
-- question: Which share of the requirement stands behind the largest owners?
-- group: owners
-- column deployment: name of the deployment
-- column owners: how many owners have a requirement
-- column top_1: share of the largest one (a float)
-- column top_5: share of the largest five
-- column top_10: share of the largest ten
-- column hhi: sum of the squared shares; 1 = one owner has it all
-- column unsummed: true = the shares are NULL, because a requirement among them does not fit
WITH held AS (
    SELECT
        deployment,
        scan_id,
        owner,
        sum(maintenance_margin::DOUBLE) AS held,
        bool_or(maintenance_margin IS NULL) AS unsummed
    FROM v_margin
    WHERE verdict <> 'unknown' AND maintenance_margin IS DISTINCT FROM 0
    GROUP BY deployment, scan_id, owner
),
shares AS (
    SELECT
        deployment,
        scan_id,
        held / nullif(sum(held) OVER (PARTITION BY scan_id), 0) AS share,
        row_number() OVER (PARTITION BY scan_id ORDER BY held DESC, owner) AS place,
        bool_or(unsummed) OVER (PARTITION BY scan_id) AS unsummed
    FROM held
)
SELECT
    deployment,
    count(*) AS owners,
    CASE WHEN NOT any_value(unsummed) THEN sum(share) FILTER (place <= 1) END AS top_1,
    CASE WHEN NOT any_value(unsummed) THEN sum(share) FILTER (place <= 5) END AS top_5,
    CASE WHEN NOT any_value(unsummed) THEN sum(share) FILTER (place <= 10) END AS top_10,
    CASE WHEN NOT any_value(unsummed) THEN sum(share * share) END AS hhi,
    any_value(unsummed) AS unsummed
FROM shares
GROUP BY deployment, scan_id
ORDER BY deployment
