-- backfill/page_count.sql
-- How many pages the table has now: every row version below is older than this statement or logged.
--
-- lock: ACCESS SHARE on the source
-- runs: after the capture has been committed, inside the transaction that plans the batches
SELECT pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint AS pages,
    greatest(c.reltuples, 0)::bigint AS rows
FROM pg_catalog.pg_class c
WHERE c.oid = @relation
