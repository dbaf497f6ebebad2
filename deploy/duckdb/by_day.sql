-- Of events without a clock the day is NULL.
SELECT happened::DATE AS day, root_cause, count(*) AS events, count(DISTINCT host) AS hosts
FROM events GROUP BY day, root_cause ORDER BY day, events DESC, root_cause;
