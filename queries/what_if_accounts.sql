-- title: Accounts that other parameters turn
-- question: Whose verdict would other parameters change, and by how much do they miss? (`risk what-if --out`)
-- group: risk
-- column deployment: where the account is
-- column what_if: the parameters that were set
-- column account_id: the account
-- column verdict_before: at the block
-- column verdict_after: under the other parameters
-- column equity: then, in the settlement currency (a float)
-- column headroom_before: margin equity less maintenance at the block (a float)
-- column headroom_after: then (a float)
SELECT
    s.deployment,
    r.what_if,
    r.account_id,
    r.verdict_before,
    r.verdict_after,
    r.equity_e18::DOUBLE / 1e18 AS equity,
    r.headroom_before_e18::DOUBLE / 1e18 AS headroom_before,
    r.headroom_after_e18::DOUBLE / 1e18 AS headroom_after
FROM risk_what_if_accounts AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r.what_if, headroom_after, r.account_id
