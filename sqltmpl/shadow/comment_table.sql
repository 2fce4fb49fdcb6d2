-- shadow/comment_table.sql
-- Comment on a table.
--
-- lock: SHARE UPDATE EXCLUSIVE on the table
-- runs: inside a transaction
COMMENT ON TABLE {{.Table}} IS {{.Comment}}
