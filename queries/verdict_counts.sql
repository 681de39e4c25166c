-- title: Verdicts
-- question: How many accounts have which verdict, and what are they worth together?
-- group: accounts
-- column deployment: name of the deployment
-- column block_number: the block
-- column verdict: unknown, insolvent, liquidatable, below_initial or healthy
-- column accounts: how many
-- column equity: sum of equity in the settlement currency, NULL when unknown
-- column maintenance_margin: sum of what maintenance requires, NULL when unknown
-- column not_borrowable: accounts whose requirement is no amount, because a balance may not be borrowed; not in the sum
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH counted AS (
    SELECT
        deployment,
        block_number,
        verdict,
        count(*) AS accounts,
        count(equity) AS equities,
        sum(trunc(equity)) AS equity_whole,
        sum(equity - trunc(equity)) AS equity_rest,
        count(maintenance_margin) AS margins,
        count(*) FILTER (not_borrowable AND maintenance_margin IS NULL) AS not_borrowable,
        sum(trunc(maintenance_margin)) AS margin_whole,
        sum(maintenance_margin - trunc(maintenance_margin)) AS margin_rest
    FROM v_margin
    GROUP BY deployment, block_number, verdict
)
SELECT
    deployment,
    block_number,
    verdict,
    accounts,
    CASE WHEN equities = accounts THEN TRY(equity_whole::DECIMAL(38,18) + equity_rest) END
        AS equity,
    CASE WHEN margins + not_borrowable = accounts THEN TRY(margin_whole::DECIMAL(38,18) + margin_rest) END
        AS maintenance_margin,
    not_borrowable,
    equity IS NULL OR maintenance_margin IS NULL AS unsummed
FROM counted
ORDER BY deployment, accounts DESC, verdict
