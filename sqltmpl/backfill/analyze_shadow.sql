-- backfill/analyze_shadow.sql
-- Gather statistics, of expressions in indexes too, so that the first query after the swap plans well.
--
-- lock: SHARE UPDATE EXCLUSIVE on the shadow
-- runs: outside a transaction
ANALYZE {{.Shadow}}
