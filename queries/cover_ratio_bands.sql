-- title: Bands of cover
-- question: How are accounts spread over margin equity against maintenance?
-- group: accounts
-- column deployment: name of the deployment
-- column band: margin equity over maintenance margin
-- column accounts: how many
-- column equity: their equity, in the settlement currency
-- column maintenance_margin: what maintenance requires of them
SELECT
    deployment,
    CASE
        WHEN verdict = 'unknown' THEN '0 unknown'
        WHEN maintenance_margin = 0 THEN '6 nothing required'
        WHEN margin_equity < maintenance_margin THEN '1 below 1'
        WHEN margin_equity < 1.1 * maintenance_margin THEN '2 from 1 to 1.1'
        WHEN margin_equity < 1.5 * maintenance_margin THEN '3 from 1.1 to 1.5'
        WHEN margin_equity < 3 * maintenance_margin THEN '4 from 1.5 to 3'
        ELSE '5 above 3'
    END AS band,
    count(*) AS accounts,
    sum(equity) AS equity,
    sum(maintenance_margin) AS maintenance_margin
FROM v_margin
GROUP BY deployment, band
ORDER BY deployment, band
