-- shadow/validate_constraint.sql
-- Check all rows of a table against a constraint that is NOT VALID yet.
--
-- lock: SHARE UPDATE EXCLUSIVE on the table, and ROW SHARE on the one a foreign key refers to
-- runs: in a transaction of its own
ALTER TABLE {{.Table}} VALIDATE CONSTRAINT {{.Name}}
