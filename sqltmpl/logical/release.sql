-- logical/release.sql
-- Keep what was done since the savepoint.
--
-- lock: none
-- runs: inside an apply transaction
RELEASE SAVEPOINT repave_chunk
