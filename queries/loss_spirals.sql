-- title: Loss spirals
-- question: After which fall does a price go on falling by itself, because what is sold by force moves it?
-- group: risk
-- column factor: what falls, alone
-- column largest_kappa: how much further it falls for each bit that it falls, at its largest; from 1 on by itself
-- column largest_at: the first fall at which it is that large; 0.1 = by a tenth
-- column reaches_one: the first fall from which it runs by itself; NULL = at none up to nine tenths
-- column sold_at_10: what is sold by force after a fall of a tenth, dollars at the block's prices
-- column sold_at_30: the same after three tenths
-- column sold_at_50: the same after a half
WITH once AS (
    SELECT DISTINCT factor, fall, kappa, sold_usd FROM risk_spirals
)
SELECT
    factor,
    max(kappa) AS largest_kappa,
    min(fall) FILTER (kappa = largest) AS largest_at,
    min(fall) FILTER (kappa >= 1) AS reaches_one,
    max(sold_usd) FILTER (round(fall, 2) = 0.1) AS sold_at_10,
    max(sold_usd) FILTER (round(fall, 2) = 0.3) AS sold_at_30,
    max(sold_usd) FILTER (round(fall, 2) = 0.5) AS sold_at_50
FROM (SELECT *, max(kappa) OVER (PARTITION BY factor) AS largest FROM once)
GROUP BY factor
ORDER BY largest_kappa DESC, factor
