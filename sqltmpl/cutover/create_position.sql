-- cutover/create_position.sql
-- Make the table that keeps what has been applied where changes go back to, in one transaction with them.
--
-- lock: none
-- runs: inside a transaction
CREATE TABLE IF NOT EXISTS {{.Position}} (applied pg_catalog.pg_lsn NOT NULL)
