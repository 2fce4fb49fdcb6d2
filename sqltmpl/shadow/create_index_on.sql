-- shadow/create_index_on.sql
-- Build the index of one partition, by what the server deparsed of the partitioned table's after its name; or that of a
-- partitioned table alone.
--
-- lock: SHARE on the partition
-- runs: outside any other transaction, several at a time
CREATE {{if .Unique}}UNIQUE {{end}}INDEX {{.Index}} ON {{if .Only}}ONLY {{end}}{{.Table}} {{.Tail}}
