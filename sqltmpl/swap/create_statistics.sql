-- swap/create_statistics.sql
-- Make a statistics object of the shadow like one of the source.
--
-- lock: SHARE UPDATE EXCLUSIVE on the shadow
-- runs: inside a transaction
CREATE STATISTICS {{.Statistics}}{{.Def}} FROM {{.Table}}
