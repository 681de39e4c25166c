-- title: The largest accounts, their positions, usage and distance
-- question: Who are the thirty largest borrowers or traders, what do they hold and owe, and how near are they to liquidation?
-- group: risk
-- param limit INTEGER 30: how many rows of each deployment
-- column deployment: where the account is
-- column account_id: the account
-- column verdict: how it stands at the block
-- column positions: what it holds and owes, the largest first: symbol and value in the settlement currency
-- column equity: in the settlement currency
-- column gross_usd: what it holds and owes that prices move, without sign, dollars (a float)
-- column usage: maintenance margin over margin equity; 1 and more = liquidatable (a float)
-- column distance: market return at which it is first liquidatable, every factor moving by its beta; NULL = at none
-- column touch_7d: probability of being liquidatable at some moment of seven days; an indication
-- column es99_usd: historical ES of equity over one step at 0.99; NULL = too few days
-- column es99_failed: whether the back-test of that method on the deployment's positions rejects it; NULL = not tested
-- column history: the price history behind distance, probability and ES
WITH held AS (
    SELECT scan_id, account_id, symbol, value::DOUBLE AS value FROM v_collateral
    UNION ALL
    SELECT scan_id, account_id, symbol, value::DOUBLE AS value FROM v_positions
),
listed AS (
    SELECT
        scan_id,
        account_id,
        string_agg(symbol || ' ' || format('{:,.0f}', value), '; ' ORDER BY abs(value) DESC, symbol)
            FILTER (value <> 0) AS positions
    FROM held
    GROUP BY scan_id, account_id
)
SELECT
    m.deployment,
    r.account_id,
    m.verdict,
    coalesce(l.positions, '') AS positions,
    m.equity,
    r.gross_usd,
    m.maintenance_margin::DOUBLE / nullif(m.margin_equity::DOUBLE, 0) AS usage,
    r.distance,
    r.touch_7d,
    r.es99_usd,
    r.failed99 AS es99_failed,
    r.history
FROM risk_accounts AS r
JOIN v_margin AS m USING (scan_id, account_id)
LEFT JOIN listed AS l USING (scan_id, account_id)
QUALIFY row_number() OVER (
    PARTITION BY r.scan_id, r.history ORDER BY r.gross_usd DESC, r.account_id
) <= $limit
ORDER BY m.deployment, r.history, r.gross_usd DESC, r.account_id
