-- changelog/log_has_truncate.sql
-- Whether a TRUNCATE waits in the log.
--
-- lock: ACCESS SHARE on the log
-- runs: anywhere
SELECT EXISTS (SELECT FROM {{.Log}} WHERE repave_kind = 'T')
