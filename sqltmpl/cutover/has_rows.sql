-- cutover/has_rows.sql
-- Whether a table has any rows.
--
-- lock: ACCESS SHARE on the table
-- runs: anywhere
SELECT EXISTS (SELECT FROM {{.Table}})
