-- title: Who can leave
-- question: How much of each asset is lent out, and how many of its largest holders can what is left pay?
-- group: markets
-- column deployment: name of the deployment
-- column symbol: the token
-- column holders: accounts that hold any
-- column held: all that is held or supplied, at its price (a float)
-- column owed: all that is owed of it
-- column remains: what is not lent out: held less owed, not below zero; `risk exits` reads what is really there
-- column utilisation: owed over held
-- column largest: what the largest holder has
-- column largest_5: what the five largest have together
-- column paid: how many of the largest, one after the other, what remains pays in full
-- column unknown: amounts without a value, which are in no sum
WITH sides AS (
    SELECT deployment, symbol, account_id, value::DOUBLE AS value FROM v_collateral
    UNION ALL
    SELECT deployment, symbol, account_id, value::DOUBLE AS value
    FROM v_positions
    WHERE symbol IN (SELECT symbol FROM v_collateral)
),
accounts AS (
    SELECT
        deployment,
        symbol,
        account_id,
        coalesce(sum(value) FILTER (value > 0), 0) AS held,
        coalesce(-sum(value) FILTER (value < 0), 0) AS owed,
        count(*) FILTER (value IS NULL) AS unknown
    FROM sides
    GROUP BY deployment, symbol, account_id
),
ranked AS (
    SELECT
        *,
        row_number() OVER w AS place,
        sum(held) OVER w AS so_far,
        greatest(sum(held) OVER (PARTITION BY deployment, symbol)
            - sum(owed) OVER (PARTITION BY deployment, symbol), 0) AS remains
    FROM accounts
    WINDOW w AS (
        PARTITION BY deployment, symbol ORDER BY held DESC, account_id
        ROWS UNBOUNDED PRECEDING
    )
)
SELECT
    deployment,
    symbol,
    count(*) FILTER (held > 0) AS holders,
    sum(held) AS held,
    sum(owed) AS owed,
    max(remains) AS remains,
    sum(owed) / nullif(sum(held), 0) AS utilisation,
    max(held) AS largest,
    sum(held) FILTER (place <= 5) AS largest_5,
    count(*) FILTER (held > 0 AND so_far <= remains * (1 + 1e-12)) AS paid,
    sum(unknown)::BIGINT AS unknown
FROM ranked
GROUP BY deployment, symbol
HAVING sum(held) > 0
ORDER BY deployment, utilisation DESC, symbol
