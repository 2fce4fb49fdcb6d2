-- define/comment_policy.sql
-- Comment on a policy.
--
-- lock: SHARE UPDATE EXCLUSIVE on the table
-- runs: inside a transaction
COMMENT ON POLICY {{.Name}} ON {{.Table}} IS {{.Comment}}
