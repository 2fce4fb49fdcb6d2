-- shadow/release.sql
-- Forget the savepoint, so that they don't nest.
--
-- lock: none
-- runs: inside a transaction
RELEASE SAVEPOINT repave_try
