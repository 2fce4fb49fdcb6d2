-- changelog/drop_function.sql
-- Drop a capture function.
--
-- lock: none on users' tables
-- runs: inside the transaction that dropped its triggers
DROP FUNCTION IF EXISTS {{.Function}}{{.Signature}}
