-- changelog/log_is_broken.sql
-- Whether a writer's trigger could not read the key: somebody renamed a column.
--
-- lock: ACCESS SHARE on the log
-- runs: anywhere
SELECT EXISTS (SELECT FROM {{.Log}} WHERE repave_kind = 'X')
