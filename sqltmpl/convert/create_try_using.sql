-- convert/create_try_using.sql
-- Make the function that tells why an operator's expression fails for a row, NULL if it does not.
--
-- lock: none
-- runs: inside a transaction that is rolled back
CREATE FUNCTION pg_temp.{{.Function}}(repave_given {{.Source}}) RETURNS text
LANGUAGE plpgsql
AS {{tag}}
#variable_conflict use_column
BEGIN
    DECLARE
        repave_value {{.To}} := (SELECT (
            {{.Using}}
        ) FROM (SELECT (repave_given).*) AS s);
    BEGIN
        RETURN NULL;
    END;
EXCEPTION
    WHEN OTHERS THEN
        RETURN SQLERRM;
END
{{tag}}
