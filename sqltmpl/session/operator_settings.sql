-- session/operator_settings.sql
-- What the operator's session would be like without us: the path to resolve names by, and the settings that decide
-- what a conversion yields.
--
-- lock: none
-- runs: anywhere, on a session with default settings
SELECT pg_catalog.current_setting('search_path') AS search_path,
    pg_catalog.current_schemas(false)::text[] AS schemas,
    pg_catalog.current_setting('TimeZone') AS time_zone,
    pg_catalog.current_setting('DateStyle') AS date_style,
    pg_catalog.current_setting('IntervalStyle') AS interval_style,
    pg_catalog.current_setting('bytea_output') AS bytea_output,
    pg_catalog.current_setting('lc_monetary') AS lc_monetary,
    pg_catalog.current_setting('lc_numeric') AS lc_numeric,
    pg_catalog.current_setting('lc_time') AS lc_time,
    pg_catalog.current_setting('xmloption') AS xml_option,
    pg_catalog.current_setting('default_text_search_config') AS text_search,
    pg_catalog.current_setting('server_version_num')::int AS server_version
