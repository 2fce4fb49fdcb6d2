-- backfill/vacuum_shadow.sql
-- Set hint bits and the visibility map and gather statistics, so that the first query after the swap plans and scans well.
--
-- lock: SHARE UPDATE EXCLUSIVE on the shadow
-- runs: outside a transaction
VACUUM (ANALYZE) {{.Shadow}}
