-- changelog/lock_live.sql
-- Keep writers out, but not readers.
--
-- lock: SHARE ROW EXCLUSIVE on the live table
-- runs: first in the transaction
LOCK TABLE {{.LiveRows}} IN SHARE ROW EXCLUSIVE MODE
