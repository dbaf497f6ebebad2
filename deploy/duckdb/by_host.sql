SELECT host, count(*) AS events, count(DISTINCT boot) AS boots, list(DISTINCT root_cause ORDER BY root_cause) AS causes,
       max(happened) AS last
FROM events GROUP BY host ORDER BY events DESC, host;
