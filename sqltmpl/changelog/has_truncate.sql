-- changelog/has_truncate.sql
-- Whether a TRUNCATE is among the changes taken.
--
-- lock: none on users' tables
-- runs: inside a round or drain
SELECT EXISTS (SELECT FROM pg_temp.{{.KeysTable}} WHERE repave_kind = 'T')
