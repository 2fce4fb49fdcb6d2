-- session/lock_table.sql
-- Take the strongest lock that the transaction will need, at once: an upgrade deadlocks with readers that go on to
-- write.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside the transaction that needs it
LOCK TABLE {{.Table}} IN ACCESS EXCLUSIVE MODE
