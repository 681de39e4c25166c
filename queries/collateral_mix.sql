-- title: Collateral by token
-- question: What is the collateral made of, and how much of it counts as margin?
-- group: accounts
-- column deployment: name of the deployment
-- column symbol: the token
-- column holders: accounts with a positive balance
-- column debtors: accounts with a negative balance
-- column amount: sum of balances in whole tokens
-- column value: sum at the reference price, in the settlement currency
-- column margin_value: what of it counts as margin
-- column unsummed: true = a sum is NULL, because an amount in it is unknown or does not fit, or the sum does not
WITH counted AS (
    SELECT
        deployment,
        symbol,
        count(*) FILTER (amount > 0) AS holders,
        count(*) FILTER (amount < 0) AS debtors,
        count(*) AS balances,
        count(amount) AS amounts,
        sum(trunc(amount)) AS amount_whole,
        sum(amount - trunc(amount)) AS amount_rest,
        count(value) AS valued,
        sum(trunc(value)) AS value_whole,
        sum(value - trunc(value)) AS value_rest,
        count(margin_value) AS margin_valued,
        sum(trunc(margin_value)) AS margin_value_whole,
        sum(margin_value - trunc(margin_value)) AS margin_value_rest
    FROM v_collateral
    GROUP BY deployment, symbol
)
SELECT
    deployment,
    symbol,
    holders,
    debtors,
    CASE WHEN amounts = balances THEN TRY(amount_whole::DECIMAL(38,18) + amount_rest) END
        AS amount,
    CASE WHEN valued = balances THEN TRY(value_whole::DECIMAL(38,18) + value_rest) END
        AS value,
    CASE WHEN margin_valued = balances THEN TRY(margin_value_whole::DECIMAL(38,18) + margin_value_rest) END
        AS margin_value,
    amount IS NULL OR value IS NULL OR margin_value IS NULL AS unsummed
FROM counted
ORDER BY deployment, value DESC NULLS FIRST, symbol
