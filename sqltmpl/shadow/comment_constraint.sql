-- shadow/comment_constraint.sql
-- Comment on a constraint.
--
-- lock: SHARE UPDATE EXCLUSIVE on the table
-- runs: inside a transaction
COMMENT ON CONSTRAINT {{.Name}} ON {{.Table}} IS {{.Comment}}
