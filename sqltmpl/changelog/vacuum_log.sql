-- changelog/vacuum_log.sql
-- Free the rows that were taken, for new ones.
--
-- lock: SHARE UPDATE EXCLUSIVE on the log
-- runs: outside a transaction
--
-- TRUNCATE false: giving pages back takes ACCESS EXCLUSIVE, for which VACUUM tries for five seconds while
-- writers go on inserting.
VACUUM (TRUNCATE false) {{.Log}}
