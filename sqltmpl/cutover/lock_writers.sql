-- cutover/lock_writers.sql
-- Keep writers out until the transaction ends; readers go on.
--
-- lock: SHARE ROW EXCLUSIVE on the table
-- runs: inside a transaction
LOCK TABLE {{.Table}} IN SHARE ROW EXCLUSIVE MODE
