-- title: Scenarios
-- question: What does each scenario that was run do to each deployment?
-- group: contagion
-- column deployment: name of the deployment
-- column scenario: name of the scenario
-- column shock: multiple of the block's price, where the scenario is one number
-- column liquidatable: accounts that may be liquidated at the shocked prices
-- column insolvent: accounts with negative equity at the shocked prices
-- column bad_debt_before: at the block, in the settlement currency
-- column bad_debt_static: at the shocked prices, before anybody is closed
-- column bad_debt_after: after the cascade, charged or not
-- column bad_debt_market: after, at the market's prices: they differ where an oracle stands still
-- column closed_accounts: accounts that were closed
-- column fund_left: what the funds that have to pay still hold; NULL = unknown
-- column uncovered: bad debt that no fund bears
SELECT
    s.deployment,
    r.scenario,
    r.shock,
    r.liquidatable,
    r.insolvent,
    TRY_CAST(r.bad_debt_before_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS bad_debt_before,
    TRY_CAST(r.bad_debt_static_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS bad_debt_static,
    TRY_CAST(r.bad_debt_after_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS bad_debt_after,
    TRY_CAST(r.bad_debt_after_market_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS bad_debt_market,
    r.closed_accounts,
    TRY_CAST(r.fund_left_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS fund_left,
    TRY_CAST(r.uncovered_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS uncovered
FROM stress_results r
JOIN scans s USING (scan_id)
ORDER BY bad_debt_market DESC NULLS LAST, r.scenario, r.shock, s.deployment
