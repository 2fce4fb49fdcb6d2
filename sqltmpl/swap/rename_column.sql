-- swap/rename_column.sql
-- Rename a column, so that what is bound to it is deparsed with its new name.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: in a rehearsal that is rolled back
ALTER TABLE {{.Table}} RENAME COLUMN {{.Column}} TO {{.To}}
