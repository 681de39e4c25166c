-- title: Who would pay for a deficit
-- question: Who pays for what the fund does not bear, by which rule of deleveraging, and how far is that from pro rata? (`risk clearing --out`)
-- group: risk
-- column deployment: whose deficit
-- column scenarios: the set whose worst scenario it is
-- column rule: pro rata, queue, capped or risk aware
-- column budget_usd: bad debt beyond the fund
-- column paid_usd: what winners have for it
-- column payers: accounts that pay
-- column largest: owner of the one that pays most
-- column most_usd: what it pays
-- column moved_usd: what the rule shifts between winners against pro rata
SELECT
    s.deployment,
    r.scenarios,
    r.rule,
    r.budget_usd,
    r.paid_usd,
    r.payers,
    r.largest,
    r.most_usd,
    r.moved_usd
FROM risk_winners AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, r.budget_usd DESC, r.scenarios, r.moved_usd, r.rule
