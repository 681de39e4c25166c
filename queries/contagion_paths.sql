-- title: Contagion paths
-- question: By which chain of events did a loss get where it is?
-- group: contagion
-- param limit INTEGER 10: how many rows
-- column scenario: name of the scenario
-- column rank: 1 = the first path of that cascade
-- column path_id: the same path has the same id from run to run
-- column amount: how much of the loss came this way
-- column share_of_loss: of what the victim lost before its gains (a float, at most 1)
-- column victim: who lost it in the end
-- column words: the path in plain words
SELECT
    c.scenario,
    p.rank,
    p.path_id,
    TRY_CAST(p.amount_e18 AS DECIMAL(38,0)) * 0.000000000000000001::DECIMAL(18,18) AS amount,
    p.share_of_loss,
    p.victim,
    p.words
FROM contagion_paths p
JOIN contagion_runs c USING (scan_id, cascade_id)
ORDER BY c.scenario, c.cascade_id, p.rank, p.path_id
LIMIT $limit
