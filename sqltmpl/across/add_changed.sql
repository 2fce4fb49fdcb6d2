-- across/add_changed.sql
-- Keep keys, each once.
--
-- lock: none on users' tables
-- runs: in the session that keeps them
INSERT INTO pg_temp.repave_changed (id, table_number, key)
SELECT *
FROM ROWS FROM (pg_catalog.unnest(@ids::bytea[]), pg_catalog.unnest(@tables::int[]), pg_catalog.unnest(@keys::bytea[])) AS k
ON CONFLICT DO NOTHING
