-- across/list_changed.sql
-- Some of the keys that are kept, in the order of their ids.
--
-- lock: none on users' tables
-- runs: in the session that keeps them
SELECT id, table_number, key
FROM pg_temp.repave_changed
WHERE id > @after
ORDER BY id
LIMIT @most
