-- define/set_rule.sql
-- Say when a rule applies.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
ALTER TABLE {{.Table}} {{.State}} RULE {{.Name}}
