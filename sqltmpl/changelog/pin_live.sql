-- changelog/pin_live.sql
-- Keep TRUNCATE and rewrites out while this transaction's snapshot reads the tables: they are not MVCC-safe.
--
-- lock: ACCESS SHARE on the live table and the standby
-- runs: first in the transaction, before its snapshot
LOCK TABLE {{.LiveRows}}, {{.Standby}} IN ACCESS SHARE MODE
