create table {{.schema}}.job (
    job_id     bigint generated always as identity,
    strategy   text not null,
    spec       jsonb not null,
    spec_hash  text not null,
    flags      text not null default '',
    args       text not null default '',
    settings   jsonb not null,
    stage      text not null default 'preflight',
    swapped    boolean not null default false,
    proven     boolean not null default false,
    created_at timestamptz not null default now(),
    created_by text not null default current_user,
    version    text not null,
    waiting    text not null default '',
    last_error text not null default '',
    backlog    bigint not null default 0,
    carried    jsonb,
    updated_at timestamptz not null default now(),
    constraint repave_registry_job_pkey primary key (job_id)
);

create table {{.schema}}.job_table (
    job_id       bigint not null,
    table_number int not null,
    schema_name  text not null,
    table_name   text not null,
    source_oid   oid not null,
    shadow_oid   oid,
    blueprint    jsonb,
    capture      text not null default '',
    filenode     oid,
    proven_live    oid,
    proven_standby oid,
    last_write   xid8,
    rows         bigint not null default 0,
    constraint repave_registry_job_table_pkey primary key (job_id, table_number),
    constraint repave_registry_job_table_name unique (schema_name, table_name),
    constraint repave_registry_job_table_job foreign key (job_id)
        references {{.schema}}.job (job_id) on delete cascade
);

create table {{.schema}}.stage_run (
    run_id   bigint generated always as identity,
    job_id   bigint not null,
    stage    text not null,
    backward boolean not null default false,
    began_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    rows     bigint not null default 0,
    error    text not null default '',
    constraint repave_registry_stage_run_pkey primary key (run_id),
    constraint repave_registry_stage_run_job foreign key (job_id)
        references {{.schema}}.job (job_id) on delete cascade
);
create index repave_registry_stage_run_job_idx on {{.schema}}.stage_run (job_id, run_id);

create table {{.schema}}.batch (
    job_id       bigint not null,
    table_number int not null,
    batch_number int not null,
    first_page   bigint not null,
    next_page    bigint not null,
    end_page     bigint not null,
    rows         bigint not null default 0,
    constraint repave_registry_batch_pkey primary key (job_id, table_number, batch_number),
    constraint repave_registry_batch_table foreign key (job_id, table_number)
        references {{.schema}}.job_table (job_id, table_number) on delete cascade
);

create table {{.schema}}.artifact (
    artifact_id  bigint generated always as identity,
    job_id       bigint not null,
    table_number int not null,
    kind         text not null,
    name         text not null,
    undo         text not null,
    made_at      timestamptz not null default now(),
    constraint repave_registry_artifact_pkey primary key (artifact_id),
    constraint repave_registry_artifact_name unique (job_id, kind, name),
    constraint repave_registry_artifact_job foreign key (job_id)
        references {{.schema}}.job (job_id) on delete cascade
);

create view {{.schema}}.jobs as
select j.job_id as job,
       (select string_agg(format('%I.%I', t.schema_name, t.table_name), ', ' order by t.table_number)
        from {{.schema}}.job_table t where t.job_id = j.job_id) as "table",
       case when j.swapped and j.stage = 'cleanup' then 'swapped' else j.stage end as stage,
       coalesce((select max(r.began_at) from {{.schema}}.stage_run r where r.job_id = j.job_id),
                j.created_at) as since,
       (select round(100.0 * sum(b.next_page - b.first_page) / nullif(sum(b.end_page - b.first_page), 0), 1)
        from {{.schema}}.batch b where b.job_id = j.job_id) as copied_percent,
       j.waiting,
       j.last_error,
       case when j.swapped then 'repave cleanup ' || j.args
            else 'repave run ' || j.args || j.flags end as next_command
from {{.schema}}.job j;

---- create above / drop below ----

drop view {{.schema}}.jobs;
drop table {{.schema}}.artifact, {{.schema}}.batch, {{.schema}}.stage_run, {{.schema}}.job_table, {{.schema}}.job;
