-- session/limit_waits.sql
-- Wait for locks no longer than so many milliseconds, until the end of the transaction. Without arguments, so that it goes
-- to the server together with what it is for.
--
-- lock: none
-- runs: inside a transaction
SET LOCAL lock_timeout = {{.Milliseconds}}
