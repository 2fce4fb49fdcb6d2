-- backfill/vacuum_shadow.sql
-- Set hint bits and the visibility map and remove dead rows, before there is an index: index builds then have less to look at.
--
-- lock: SHARE UPDATE EXCLUSIVE on the shadow
-- runs: outside a transaction
VACUUM {{.Shadow}}
