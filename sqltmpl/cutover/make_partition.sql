-- cutover/make_partition.sql
-- Make a partition as its table has it, with the bound of its counterpart on the other side.
--
-- lock: ACCESS EXCLUSIVE on the partitioned table
-- runs: inside a transaction
CREATE TABLE {{.Table}} PARTITION OF {{.Parent}} {{.Bound}}
{{- if .By}}
PARTITION BY {{.By}}{{end}}
