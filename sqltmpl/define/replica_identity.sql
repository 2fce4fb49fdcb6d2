-- define/replica_identity.sql
-- Say what of an old row goes to subscribers.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} REPLICA IDENTITY {{if .Index}}USING INDEX {{.Index}}{{else if .Full}}FULL{{else}}NOTHING{{end}}
