-- title: What other parameters change
-- question: How many accounts stand where, how much may be borrowed and what is sold by force, now and under other parameters? (`risk what-if --out`)
-- group: risk
-- column deployment: whose parameters
-- column what_if: the parameters that were set
-- column side: `now` or `then`
-- column healthy: accounts
-- column below_initial: accounts
-- column liquidatable: accounts
-- column insolvent: accounts
-- column unknown: accounts
-- column free: what all may still borrow or trade on, in the settlement currency (a float)
-- column nearest: least fall of all prices that liquidates somebody healthy
-- column wall_10_usd: sold by force within a fall of a tenth
-- column wall_30_usd: within three tenths
-- column downturn_insolvency_usd: VaR of insolvency, broad downturn; NULL = no prices given
-- column downturn_liquidations_usd: LaR of liquidations, broad downturn
-- column turned: accounts whose verdict changes
SELECT
    s.deployment,
    r.what_if,
    r.side,
    r.healthy,
    r.below_initial,
    r.liquidatable,
    r.insolvent,
    r.unknown,
    r.free_e18::DOUBLE / 1e18 AS free,
    r.nearest,
    r.wall_10_usd,
    r.wall_30_usd,
    r.downturn_insolvency_usd,
    r.downturn_liquidations_usd,
    (
        SELECT count(*)
        FROM risk_what_if_accounts AS a
        WHERE a.scan_id = r.scan_id AND a.what_if = r.what_if
    ) AS turned
FROM risk_what_ifs AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r.what_if, r.side
