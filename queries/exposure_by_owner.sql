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
SELECT
    owner,
    count(*) AS accounts,
    count(*) FILTER (verdict IN ('insolvent', 'liquidatable')) AS unsafe,
    count(*) FILTER (verdict = 'unknown') AS unknown,
    sum(equity) AS equity,
    coalesce(-sum(equity) FILTER (equity < 0), 0) AS bad_debt
FROM v_margin
GROUP BY owner
ORDER BY bad_debt DESC, unsafe DESC, equity DESC NULLS LAST, owner
LIMIT $limit
