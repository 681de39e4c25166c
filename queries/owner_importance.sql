-- title: Which owners matter
-- question: Which owners does bad debt of all deployments together go with, alone and by Shapley, and who holds the same? (`risk importance --out`)
-- group: risk
-- column owner: who
-- column gross_usd: what it holds and owes that prices move, without sign
-- column saved_usd: mean bad debt that its rescue alone saves
-- column shapley_usd: its part of what all these rescues save; NULL = not among the players
-- column deployments: where it has accounts
-- column nearest_owner: whose portfolio is most like its own
-- column overlap: how like, 1 = the same in proportion
-- column history: the price history
SELECT DISTINCT
    owner,
    gross_usd,
    saved_usd,
    shapley_usd,
    deployments,
    nearest_owner,
    overlap,
    history
FROM risk_importance
ORDER BY history, saved_usd DESC, gross_usd DESC, owner
