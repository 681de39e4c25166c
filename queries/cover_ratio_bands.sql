-- title: Bands of cover
-- question: How are accounts spread over margin equity against maintenance?
-- group: accounts
-- column deployment: name of the deployment
-- column band: margin equity over maintenance margin
-- column accounts: how many
-- column equity: their equity, in the settlement currency
-- column maintenance_margin: what maintenance requires of them
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH counted AS (
    SELECT
        deployment,
        CASE
            WHEN verdict = 'unknown' THEN '0 unknown'
            WHEN margin_equity IS NULL OR maintenance_margin IS NULL THEN '7 out of range'
            WHEN maintenance_margin = 0 THEN '6 nothing required'
            WHEN margin_equity < maintenance_margin THEN '1 below 1'
            WHEN margin_equity::DOUBLE / maintenance_margin::DOUBLE < 1.1 THEN '2 from 1 to 1.1'
            WHEN margin_equity::DOUBLE / maintenance_margin::DOUBLE < 1.5 THEN '3 from 1.1 to 1.5'
            WHEN margin_equity::DOUBLE / maintenance_margin::DOUBLE < 3 THEN '4 from 1.5 to 3'
            ELSE '5 above 3'
        END AS band,
        count(*) AS accounts,
        count(equity) AS equities,
        sum(trunc(equity)) AS equity_whole,
        sum(equity - trunc(equity)) AS equity_rest,
        count(maintenance_margin) AS margins,
        sum(trunc(maintenance_margin)) AS margin_whole,
        sum(maintenance_margin - trunc(maintenance_margin)) AS margin_rest
    FROM v_margin
    GROUP BY deployment, band
)
SELECT
    deployment,
    band,
    accounts,
    CASE WHEN equities = accounts THEN TRY(equity_whole::DECIMAL(38,18) + equity_rest) END
        AS equity,
    CASE WHEN margins = accounts THEN TRY(margin_whole::DECIMAL(38,18) + margin_rest) END
        AS maintenance_margin,
    equity IS NULL OR maintenance_margin IS NULL AS unsummed
FROM counted
ORDER BY deployment, band
