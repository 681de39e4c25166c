-- title: What liquidators earn
-- question: Which accounts pay a liquidator, how much, and which are dust that becomes bad debt? (`risk liquidations --out`)
-- group: risk
-- column deployment: where the account is
-- column account_id: the account
-- column when: `now`, or `near` where it takes a fall of all prices first
-- column equity: in the settlement currency (a float); NULL = unknown
-- column offered: the largest closure that the contract allows (a float)
-- column taken: how much of it pays (a float)
-- column profit: after slippage, gas and the required return (a float); NULL = none pays
-- column dust: whether none would pay without any slippage either
-- column becomes_bad_debt: what one that pays nobody lacks (a float)
SELECT
    s.deployment,
    r.account_id,
    r."when",
    r.equity_e18::DOUBLE / 1e18 AS equity,
    r.offered_e18::DOUBLE / 1e18 AS offered,
    r.taken_e18::DOUBLE / 1e18 AS taken,
    r.profit_e18::DOUBLE / 1e18 AS profit,
    r.dust,
    r.left_e18::DOUBLE / 1e18 AS becomes_bad_debt
FROM risk_liquidations AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r."when" DESC, profit DESC NULLS LAST, r.account_id
