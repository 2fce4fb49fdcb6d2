-- cutover/fence_source.sql
-- What the function of a fence is made of: which fence it is. Empty if there is none.
--
-- lock: none
-- runs: anywhere
SELECT coalesce((SELECT p.prosrc FROM pg_catalog.pg_proc p WHERE p.oid = pg_catalog.to_regprocedure(@function)), '')
