-- shadow/comment_column.sql
-- Comment on a column of the shadow.
--
-- lock: SHARE UPDATE EXCLUSIVE on the shadow
-- runs: inside setup
COMMENT ON COLUMN {{.Table}}.{{.Column}} IS {{.Comment}}
