-- cutover/drop_stilled.sql
-- Drop the table that keeps how triggers and rules were switched.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside the transaction that has switched them as they were
DROP TABLE IF EXISTS {{.Table}}
