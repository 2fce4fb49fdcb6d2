-- session/lock_table.sql
-- Take the strongest lock that the transaction will need, at once: an upgrade deadlocks with readers that go on to
-- write.
--
-- lock: ACCESS EXCLUSIVE on the table, and on what inherits from it unless Only
-- runs: inside the transaction that needs it
LOCK TABLE {{if .Only}}ONLY {{end}}{{.Table}} IN ACCESS EXCLUSIVE MODE
