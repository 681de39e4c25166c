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
SELECT
    deployment,
    symbol,
    count(*) FILTER (amount > 0) AS holders,
    count(*) FILTER (amount < 0) AS debtors,
    sum(amount) AS amount,
    sum(value) AS value,
    sum(margin_value) AS margin_value
FROM v_collateral
GROUP BY deployment, symbol
ORDER BY deployment, value DESC NULLS LAST, symbol
