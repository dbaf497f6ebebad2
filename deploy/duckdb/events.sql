-- The events as a table, each once. Say where they are first:
--   SET VARIABLE events = '/events/*.ndjson';
-- The columns are named, so that DuckDB need not guess them (three times as fast, and a column that is null
-- in all rows is no JSON then). DuckDB 1.1 or later.
CREATE OR REPLACE VIEW events AS
SELECT id, kind, root_cause, verdict, host, boot, outcome, unverified,
       kernel."release" AS kernel,
       list_transform(victims, lambda victim: victim.comm) AS killed,
       victims[1].owner.unit AS unit,
       memory.ram AS ram, memory.free AS free,
       source.file AS file,
       -- The clock of the log: microseconds (journal), ISO 8601, or syslog's, which has no year: it is
       -- taken for the year in the variable `year`, else for this one.
       CASE WHEN regexp_full_match(wall, '\d{16}') THEN make_timestamp(wall::BIGINT)
            ELSE coalesce(try_cast(wall AS TIMESTAMPTZ) AT TIME ZONE 'UTC',
                          try_strptime(coalesce(getvariable('year')::VARCHAR, strftime(today(), '%Y')) || ' '
                                       || regexp_replace(wall, ' +', ' ', 'g'), '%Y %b %d %H:%M:%S'))
       END AS happened
FROM (
  SELECT *, "time".wall AS wall
  FROM read_json(getvariable('events'), format = 'newline_delimited', maximum_object_size = 16777216,
                 columns = {
                   id: 'VARCHAR', kind: 'VARCHAR', root_cause: 'VARCHAR', verdict: 'VARCHAR', host: 'VARCHAR',
                   boot: 'VARCHAR', outcome: 'VARCHAR', unverified: 'BOOLEAN',
                   "time": 'STRUCT(monotonic DOUBLE, wall VARCHAR)',
                   kernel: 'STRUCT("release" VARCHAR)',
                   source: 'STRUCT(file VARCHAR, first_line BIGINT)',
                   memory: 'STRUCT(ram BIGINT, free BIGINT)',
                   victims: 'STRUCT(comm VARCHAR, pid BIGINT, owner STRUCT(unit VARCHAR))[]'
                 })
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY "time".wall NULLS LAST) = 1
);
