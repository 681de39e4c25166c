-- title: Whether the fund outlasts its owners
-- question: Does the fund bear its costliest owner, its two costliest, and how often is it exhausted? (`risk clearing --out`)
-- group: risk
-- column deployment: whose fund
-- column scenarios: which days
-- column fund_usd: what the bounded layers that must pay can bear; NULL = not read
-- column fund_to_open_interest: the fund over open interest
-- column cover_1_usd: what the costliest owner lacks in its worst scenario
-- column cover_2_usd: what the two costliest lack in theirs
-- column covered_1: whether the fund bears the one; NULL = not known
-- column covered_2: whether it bears both
-- column worst_usd: bad debt of the worst scenario
-- column mean_usd: of all on average
-- column exhausted: share of scenarios in which bad debt exceeds the fund
-- column error: its standard error
-- column count: scenarios with a figure
-- column unknown: scenarios without one
-- column history: the price history
SELECT
    s.deployment,
    r.scenarios,
    r.fund_usd,
    r.fund_usd / nullif(r.open_interest_usd, 0) AS fund_to_open_interest,
    r.cover_1_usd,
    r.cover_2_usd,
    r.covered_1,
    r.covered_2,
    r.worst_usd,
    r.mean_usd,
    r.exhausted,
    r.error,
    r."count",
    r.unknown,
    r.history
FROM risk_covers AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r.history, r.worst_usd DESC, r.scenarios
