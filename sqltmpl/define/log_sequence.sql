-- define/log_sequence.sql
-- Have a sequence survive a crash, whatever becomes of its table: PostgreSQL 15.
--
-- lock: ACCESS EXCLUSIVE on the sequence
-- runs: inside a transaction
ALTER SEQUENCE {{.Sequence}} SET {{if .Unlogged}}UNLOGGED{{else}}LOGGED{{end}}
