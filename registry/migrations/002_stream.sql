alter table {{.schema}}.job_table add column bound jsonb;

create table {{.schema}}.stream (
    job_id       bigint not null,
    direction    text not null,
    slot         text not null,
    publication  text not null,
    system_id    text not null,
    database     text not null,
    began        pg_lsn,
    applied      pg_lsn,
    applied_at   timestamptz,
    copied       pg_lsn,
    mixed        boolean not null default false,
    constraint repave_registry_stream_pkey primary key (job_id, direction),
    constraint repave_registry_stream_direction check (direction in ('forward', 'backward')),
    constraint repave_registry_stream_job foreign key (job_id)
        references {{.schema}}.job (job_id) on delete cascade
);

---- create above / drop below ----

drop table {{.schema}}.stream;
alter table {{.schema}}.job_table drop column bound;
