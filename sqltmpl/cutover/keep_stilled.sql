-- cutover/keep_stilled.sql
-- Keep how a trigger or rule is switched now; what somebody switched on again meanwhile is to be as he wanted it.
--
-- lock: ROW EXCLUSIVE on the table
-- runs: inside the transaction that switches it off
INSERT INTO {{.Table}} (kind, object, state, restore)
VALUES (@kind, @object, @state, @restore)
ON CONFLICT (object) DO UPDATE SET state = excluded.state, restore = excluded.restore
