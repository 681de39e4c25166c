-- title: What can leave of each reserve
-- question: How much of each reserve or pool can leave now, who is locked if the largest leave first, and what stands behind it? (`risk exits --out`)
-- group: risk
-- column deployment: whose reserve
-- column symbol: what is withdrawn
-- column claims: all that is owed, units (a float)
-- column may_leave: what margins let go of it (a float)
-- column available: what can be paid now (a float)
-- column utilisation: lent over what there would be if all came back
-- column withdrawable: what can leave now (a float)
-- column holders: accounts of which something may leave
-- column paid_in_full: how many of the largest are paid in full
-- column locked: what may leave and is not paid (a float)
-- column left_after_10: left for the others when the ten largest have left (a float)
-- column stakes: what stands behind it with a cooldown, declared (a float); NULL = none is known
-- column stakes_firm: of it, what cannot leave before the cooldown is over (a float)
-- column stakes_days: the longest cooldown
SELECT
    s.deployment,
    r.symbol,
    r.claims::DOUBLE / pow(10, r.decimals) AS claims,
    r.free::DOUBLE / pow(10, r.decimals) AS may_leave,
    r.available::DOUBLE / pow(10, r.decimals) AS available,
    r.utilisation,
    r.withdrawable::DOUBLE / pow(10, r.decimals) AS withdrawable,
    r.holders,
    r.paid_in_full,
    r.locked::DOUBLE / pow(10, r.decimals) AS locked,
    r.left_after_10::DOUBLE / pow(10, r.decimals) AS left_after_10,
    r.stakes::DOUBLE / pow(10, r.decimals) AS stakes,
    r.stakes_firm::DOUBLE / pow(10, r.decimals) AS stakes_firm,
    r.stakes_delay_s / 86400 AS stakes_days
FROM risk_exits AS r
JOIN scans AS s USING (scan_id)
ORDER BY s.deployment, locked > 0 DESC, r.utilisation DESC NULLS LAST, r.symbol
