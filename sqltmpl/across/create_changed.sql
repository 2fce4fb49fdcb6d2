-- across/create_changed.sql
-- Where a session keeps the keys that have changed since the last verify, beyond those that it has in memory.
--
-- lock: none on users' tables
-- runs: in a session of its own
CREATE TEMPORARY TABLE repave_changed (id bytea PRIMARY KEY, table_number int NOT NULL, key bytea NOT NULL)
