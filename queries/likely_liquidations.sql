-- title: Accounts most likely to be liquidated soon
-- question: Which accounts are most likely to touch liquidation within a week, and what may a bad day cost them?
-- group: risk
-- param limit INTEGER 30: how many rows
-- column deployment: where the account is
-- column account_id: the account
-- column owner: who owns it
-- column touch_7d: probability of being liquidatable at some moment of seven days; an indication
-- column headroom_sigmas: headroom over the deviation of its change in a day
-- column leverage: what moves with prices over equity; NULL where equity is not above zero
-- column distance: market return at which it is first liquidatable, every factor moving by its beta; NULL = at none
-- column equity_usd: equity at the block's prices
-- column var99_usd: historical VaR of equity over one step at 0.99; NULL = too few days
-- column es99_usd: ES, likewise
-- column failed99: whether the back-test of that method on the deployment's positions rejects it; NULL = not tested
-- column coverage_together: what it gets for all that it holds over what it owes, if all repay at once
-- column days: steps of the price history behind it
-- column history: the price history
SELECT
    s.deployment,
    r.account_id,
    r.owner,
    r.touch_7d,
    r.headroom_sigmas,
    r.leverage,
    r.distance,
    r.equity_usd,
    r.var99_usd,
    r.es99_usd,
    r.failed99,
    r.coverage_together,
    r.days,
    r.history
FROM risk_accounts AS r
JOIN scans AS s USING (scan_id)
ORDER BY r.touch_7d DESC NULLS FIRST, r.equity_usd DESC NULLS LAST, s.deployment, r.account_id, r.history
LIMIT $limit
