-- changelog/create_truncate_trigger.sql
-- Fire the capture for TRUNCATE.
--
-- lock: SHARE ROW EXCLUSIVE on the live table
-- runs: inside a transaction that installs the capture
CREATE TRIGGER {{.Trigger}}
AFTER TRUNCATE ON {{.Live}}
FOR EACH STATEMENT EXECUTE FUNCTION {{.Capture}}()
