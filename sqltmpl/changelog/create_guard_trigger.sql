-- changelog/create_guard_trigger.sql
-- Fire the guard. On a table above the live one there may be that of an earlier turn.
--
-- lock: SHARE ROW EXCLUSIVE on the table
-- runs: inside the swap
CREATE OR REPLACE TRIGGER {{.Trigger}}
BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{.Live}}
FOR EACH STATEMENT EXECUTE FUNCTION {{.Guard}}()
