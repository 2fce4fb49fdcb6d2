-- logical/savepoint.sql
-- A point to go back to, should rows that exchanged unique values not allow an UPDATE.
--
-- lock: none
-- runs: inside an apply transaction
SAVEPOINT repave_chunk
