-- swap/target_statistics.sql
-- Set a statistics object's target, before it is gathered.
--
-- lock: SHARE UPDATE EXCLUSIVE on the object
-- runs: inside a transaction
ALTER STATISTICS {{.Statistics}} SET STATISTICS {{.Target}}
