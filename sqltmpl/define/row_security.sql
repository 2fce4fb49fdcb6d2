-- define/row_security.sql
-- Switch row security on, or have it hold for the owner too.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} {{if .Force}}FORCE{{else}}ENABLE{{end}} ROW LEVEL SECURITY
