SELECT kernel, root_cause, count(*) AS events, count(DISTINCT host) AS hosts
FROM events GROUP BY kernel, root_cause ORDER BY events DESC, kernel, root_cause;
