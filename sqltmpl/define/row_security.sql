-- define/row_security.sql
-- Switch row security on, or have it hold for the owner too, or no more.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} {{if .Force}}FORCE{{else if .NoForce}}NO FORCE{{else}}ENABLE{{end}} ROW LEVEL SECURITY
