-- What there was since a date and not before, on a host; new_to_all: on no host before.
--   SET VARIABLE since = '2026-11-15';
WITH firsts AS (
  SELECT root_cause, host, min(happened) AS first, count(*) AS events FROM events WHERE happened IS NOT NULL GROUP BY ALL
)
SELECT root_cause, count(*) AS hosts, sum(events)::BIGINT AS events, min(first) AS first,
       root_cause NOT IN (SELECT root_cause FROM firsts WHERE first < getvariable('since')::TIMESTAMP) AS new_to_all
FROM firsts WHERE first >= getvariable('since')::TIMESTAMP
GROUP BY root_cause ORDER BY new_to_all DESC, hosts DESC, root_cause;
