-- title: Assets
-- question: How much of each asset is supplied, owed, long and short, who holds most of it?
-- group: markets
-- column deployment: name of the deployment
-- column symbol: the token or market
-- column holders: accounts that hold any, long or supplied
-- column debtors: accounts that owe any or are short
-- column supplied: value of what is supplied, securing a debt or not, in the settlement currency (a float)
-- column long: value of long positions
-- column short: value of debts and short positions, without sign
-- column largest_share: of all of it, both sides, the share of the account with most
-- column unknown: amounts without a value, which are in no sum
WITH held AS (
    SELECT deployment, symbol, account_id, value::DOUBLE AS value, value > 0 AS supplied
    FROM v_collateral
    UNION ALL
    SELECT deployment, symbol, account_id, value::DOUBLE AS value, false AS supplied
    FROM v_positions
),
sides AS (
    SELECT
        deployment,
        symbol,
        account_id,
        sum(abs(value)) AS gross,
        bool_or(value > 0) AS holds,
        bool_or(value < 0) AS owes,
        coalesce(sum(value) FILTER (supplied), 0) AS supplied,
        coalesce(sum(value) FILTER (value > 0 AND NOT supplied), 0) AS long,
        coalesce(-sum(value) FILTER (value < 0), 0) AS short,
        count(*) FILTER (value IS NULL) AS unknown
    FROM held
    GROUP BY deployment, symbol, account_id
)
SELECT
    deployment,
    symbol,
    count(*) FILTER (holds) AS holders,
    count(*) FILTER (owes) AS debtors,
    sum(supplied) AS supplied,
    sum(long) AS long,
    sum(short) AS short,
    max(gross) / nullif(sum(gross), 0) AS largest_share,
    sum(unknown)::BIGINT AS unknown
FROM sides
GROUP BY deployment, symbol
ORDER BY deployment, sum(gross) DESC, symbol
