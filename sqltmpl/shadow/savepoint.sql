-- shadow/savepoint.sql
-- Begin to try something.
--
-- lock: none
-- runs: inside a transaction
SAVEPOINT repave_try
