-- backfill/index_exists.sql
-- Whether an index is there and complete.
--
-- lock: none
-- runs: anywhere
SELECT coalesce((SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass(@name)), false)
