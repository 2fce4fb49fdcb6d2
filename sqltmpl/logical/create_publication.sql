-- logical/create_publication.sql
-- Publish the changes of just these tables. ONLY: not what inherits from them; a partitioned table's partitions are always
-- meant, also those to come. Their changes come as their own: as the table's, a TRUNCATE of one would not come at all.
--
-- lock: SHARE UPDATE EXCLUSIVE on the tables
-- runs: inside a transaction
CREATE PUBLICATION {{.Name}}
FOR TABLE {{range $i, $t := .Tables}}{{if $i}}, {{end}}ONLY {{$t}}{{end}}
WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false)
