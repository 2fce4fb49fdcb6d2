-- shadow/rollback_to.sql
-- Undo what was tried, and let go of its locks.
--
-- lock: none
-- runs: inside a transaction
ROLLBACK TO SAVEPOINT repave_try
