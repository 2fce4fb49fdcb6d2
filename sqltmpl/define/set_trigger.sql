-- define/set_trigger.sql
-- Say when a trigger fires.
--
-- lock: SHARE ROW EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} {{.State}} TRIGGER {{.Name}}
