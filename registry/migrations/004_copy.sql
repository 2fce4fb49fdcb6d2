alter table {{.schema}}.stream
    add column copy_name    text not null default '',
    add column copy_version text not null default '',
    add column snapshot     text not null default '';

---- create above / drop below ----

alter table {{.schema}}.stream drop column copy_name, drop column copy_version, drop column snapshot;
