-- title: Exposure by owner
-- question: Which owners have the most at stake, over all their accounts?
-- group: owners
-- param limit INTEGER 20: how many rows
-- column owner: address that owns the accounts
-- column accounts: how many
-- column unsafe: how many of them are insolvent or liquidatable
-- column unknown: how many of them could not be judged
-- column equity: sum of known equity in the settlement currency
-- column bad_debt: what the owner's insolvent accounts owe beyond what they have
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH counted AS (
    SELECT
        owner,
        count(*) AS accounts,
        count(*) FILTER (verdict IN ('insolvent', 'liquidatable')) AS unsafe,
        count(*) FILTER (verdict = 'unknown') AS unknown,
        count(equity) AS equities,
        sum(trunc(equity)) AS equity_whole,
        sum(equity - trunc(equity)) AS equity_rest,
        coalesce(sum(trunc(-equity)) FILTER (equity < 0), 0) AS debt_whole,
        coalesce(sum(trunc(equity) - equity) FILTER (equity < 0), 0) AS debt_rest
    FROM v_margin
    GROUP BY owner
)
SELECT
    owner,
    accounts,
    unsafe,
    unknown,
    CASE WHEN equities = accounts THEN TRY(equity_whole::DECIMAL(38,18) + equity_rest) END
        AS equity,
    CASE WHEN equities = accounts THEN TRY(debt_whole::DECIMAL(38,18) + debt_rest) END
        AS bad_debt,
    equity IS NULL OR bad_debt IS NULL AS unsummed
FROM counted
ORDER BY bad_debt DESC NULLS LAST, unsafe DESC, equity DESC NULLS LAST, owner
LIMIT $limit
