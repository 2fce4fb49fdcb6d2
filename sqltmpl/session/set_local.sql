-- session/set_local.sql
-- Set a parameter until the end of the transaction.
--
-- lock: none
-- runs: inside a transaction
SELECT pg_catalog.set_config(@name, @value, true)
