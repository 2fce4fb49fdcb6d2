alter table {{.schema}}.job add column paused_at timestamptz;

create table {{.schema}}.pulse (
    job_id       bigint not null,
    direction    text not null,
    beat_at      timestamptz,
    received     pg_lsn not null default '0/0',
    applied      pg_lsn not null default '0/0',
    lag_bytes    bigint not null default 0,
    lag_seconds  double precision,
    bytes_in     double precision not null default 0,
    bytes_out    double precision not null default 0,
    changes_out  double precision not null default 0,
    idle_seconds double precision not null default 0,
    warning      text not null default '',
    slot_warning text not null default '',
    constraint repave_registry_pulse_pkey primary key (job_id, direction),
    constraint repave_registry_pulse_stream foreign key (job_id, direction)
        references {{.schema}}.stream (job_id, direction) on delete cascade
);

create or replace view {{.schema}}.jobs as
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
       case when j.paused_at is not null then 'repave resume ' || j.args
            when j.swapped then 'repave cleanup ' || j.args
            else 'repave run ' || j.args || j.flags end as next_command,
       j.paused_at
from {{.schema}}.job j;

---- create above / drop below ----

drop view {{.schema}}.jobs;
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
drop table {{.schema}}.pulse;
alter table {{.schema}}.job drop column paused_at;
