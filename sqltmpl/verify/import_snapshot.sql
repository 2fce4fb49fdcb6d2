-- verify/import_snapshot.sql
-- Read as of a shared snapshot.
--
-- lock: none
-- runs: first in a REPEATABLE READ transaction
SET TRANSACTION SNAPSHOT {{.Snapshot}}
