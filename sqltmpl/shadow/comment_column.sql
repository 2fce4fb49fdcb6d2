-- shadow/comment_column.sql
-- Comment on a column.
--
-- lock: SHARE UPDATE EXCLUSIVE on the table
-- runs: inside a transaction
COMMENT ON COLUMN {{.Table}}.{{.Column}} IS {{.Comment}}
