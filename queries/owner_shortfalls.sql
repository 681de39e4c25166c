-- title: Shortfalls by owner
-- question: What does each owner lack, all accounts of one deployment together?
-- group: owners
-- param limit INTEGER 20: how many rows
-- column deployment: name of the deployment
-- column owner: address that owns the accounts
-- column accounts: how many of them have negative equity
-- column shortfall: sum of their negative equity, as a positive number
-- column other_equity: positive equity of the owner's other accounts, which does not help
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH counted AS (
    SELECT
        deployment,
        owner,
        count(*) FILTER (equity < 0 OR verdict = 'insolvent') AS accounts,
        count(*) AS judged,
        count(equity) AS equities,
        coalesce(sum(trunc(-equity)) FILTER (equity < 0), 0) AS short_whole,
        coalesce(sum(trunc(equity) - equity) FILTER (equity < 0), 0) AS short_rest,
        coalesce(sum(trunc(equity)) FILTER (equity > 0), 0) AS other_whole,
        coalesce(sum(equity - trunc(equity)) FILTER (equity > 0), 0) AS other_rest
    FROM v_margin
    WHERE verdict <> 'unknown'
    GROUP BY deployment, owner
)
SELECT
    deployment,
    owner,
    accounts,
    CASE WHEN equities = judged THEN TRY(short_whole::DECIMAL(38,18) + short_rest) END
        AS shortfall,
    CASE WHEN equities = judged THEN TRY(other_whole::DECIMAL(38,18) + other_rest) END
        AS other_equity,
    shortfall IS NULL OR other_equity IS NULL AS unsummed
FROM counted
WHERE accounts > 0
ORDER BY shortfall DESC NULLS FIRST, deployment, owner
LIMIT $limit
