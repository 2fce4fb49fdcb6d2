-- backfill/constraint_exists.sql
-- Whether a table has a constraint.
--
-- lock: none
-- runs: anywhere
SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = pg_catalog.to_regclass(@table) AND conname = @name)
