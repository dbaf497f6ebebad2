SELECT root_cause, count(*) AS events, count(DISTINCT host) AS hosts,
       sum(len(killed))::BIGINT AS killed, min(happened) AS first, max(happened) AS last
FROM events GROUP BY root_cause ORDER BY events DESC, root_cause;
