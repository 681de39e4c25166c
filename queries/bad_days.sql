-- title: What a bad day costs
-- question: What does one bad day in twenty cost all deployments together, if markets fall as one or each for itself?
-- group: risk
-- column class: `broad downturn` or `broken correlation`
-- column market: the market factor
-- column insolvency_usd: 95th percentile of bad debt, before any waterfall
-- column insolvency_error_usd: its standard error
-- column liquidations_usd: 95th percentile of what is closed
-- column liquidations_error_usd: its standard error
-- column draws: days that were drawn
-- column unknown: draws without a figure
-- column history: the price history
SELECT DISTINCT
    class,
    market,
    insolvency_usd,
    insolvency_error_usd,
    liquidations_usd,
    liquidations_error_usd,
    draws,
    unknown,
    history
FROM risk_classes
ORDER BY history, class
