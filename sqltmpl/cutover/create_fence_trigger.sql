-- cutover/create_fence_trigger.sql
-- Put the fence on a table. A statement fires only the triggers of the table that it names, so partitions need their own.
--
-- lock: SHARE ROW EXCLUSIVE on the table: running writers end first
-- runs: inside the transaction that puts up the fence
CREATE OR REPLACE TRIGGER {{.Trigger}}
BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{.Table}}
FOR EACH STATEMENT EXECUTE FUNCTION {{.Function}}()
