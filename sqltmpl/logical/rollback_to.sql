-- logical/rollback_to.sql
-- Undo what was tried since the savepoint.
--
-- lock: none
-- runs: inside an apply transaction
ROLLBACK TO SAVEPOINT repave_chunk
