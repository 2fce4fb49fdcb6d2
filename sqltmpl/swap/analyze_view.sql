-- swap/analyze_view.sql
-- Gather statistics of a materialized view that nobody reads yet.
--
-- lock: SHARE UPDATE EXCLUSIVE on it
-- runs: anywhere
ANALYZE {{.View}}
