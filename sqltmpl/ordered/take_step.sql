-- ordered/take_step.sql
-- Remember that a step has been copied: the range goes on behind its last key.
--
-- lock: ROW EXCLUSIVE on the ranges
-- runs: inside the batch transaction
UPDATE {{.Ranges}}
SET lower = true{{range $i, $c := .Columns}}, pos_{{inc $i}} = step_{{inc $i}}{{end}}
WHERE range_number = @range
