-- session/no_transaction_timeout.sql
-- Switch off transaction_timeout where there is one (PostgreSQL 17 and later).
--
-- lock: none
-- runs: first in a session
SELECT pg_catalog.set_config(name, '0', false)
FROM pg_catalog.pg_settings
WHERE name = 'transaction_timeout'
