-- changelog/create_guard_trigger.sql
-- Fire the guard.
--
-- lock: SHARE ROW EXCLUSIVE on the live table
-- runs: inside the swap
CREATE TRIGGER {{.Trigger}}
BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{.Live}}
FOR EACH STATEMENT EXECUTE FUNCTION {{.Guard}}()
