-- shadow/current_owner.sql
-- Read who we are, and whether a role may create tables in a schema.
--
-- lock: none
-- runs: anywhere
SELECT current_user::text AS name,
    pg_catalog.has_schema_privilege(@owner::name, @schema::text, 'CREATE') AS allowed
