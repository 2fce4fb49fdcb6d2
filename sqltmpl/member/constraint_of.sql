-- member/constraint_of.sql
-- Read what the rows of a partition satisfy; empty if they may be anything.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere with an empty search_path
SELECT coalesce(pg_catalog.pg_get_partition_constraintdef(@name::text::regclass), '')
