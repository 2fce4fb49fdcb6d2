-- swap/drop_statistics.sql
-- Drop a statistics object that the source has no counterpart of any more.
--
-- lock: ACCESS EXCLUSIVE on the object, SHARE UPDATE EXCLUSIVE on the shadow
-- runs: inside a transaction
DROP STATISTICS IF EXISTS {{.Statistics}}
