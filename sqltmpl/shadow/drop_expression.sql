-- shadow/drop_expression.sql
-- Make a generated column an ordinary one.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} DROP EXPRESSION
