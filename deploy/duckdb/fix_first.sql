-- The hosts to fix first. A cause that a setting takes away comes before one that wants memory or thought,
-- since it costs a command; then by how often it happened.
WITH settings AS (
  SELECT unnest(['min-free-too-high', 'watermark-raised', 'lowmem-reserve', 'overcommit-limit',
                 'overcommit-request', 'hugepages-reserved', 'cgroup-limit', 'cgroup-parent-limit',
                 'cgroup-pids-max', 'file-max', 'conntrack-full', 'neighbour-table-full', 'tcp-memory',
                 'tcp-orphans', 'panic-on-oom', 'allocating-task-killed']) AS root_cause
)
SELECT host, root_cause, count(*) AS events, root_cause IN (SELECT root_cause FROM settings) AS by_a_setting,
       max(happened) AS last, 'whyoom causes ' || root_cause AS what_helps
FROM events WHERE host IS NOT NULL AND root_cause <> 'undetermined' AND NOT unverified
GROUP BY host, root_cause ORDER BY by_a_setting DESC, events DESC, host, root_cause LIMIT 100;
