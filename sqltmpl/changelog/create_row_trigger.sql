-- changelog/create_row_trigger.sql
-- Fire the capture for every row.
--
-- lock: SHARE ROW EXCLUSIVE on the live table
-- runs: inside a transaction that installs the capture
CREATE TRIGGER {{.Trigger}}
AFTER INSERT OR UPDATE OR DELETE ON {{.Live}}
FOR EACH ROW EXECUTE FUNCTION {{.Capture}}()
