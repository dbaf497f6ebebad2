// duckdb.mjs MODULES FOLDER_OF_SQL EVENTS SINCE: runs each query; rows as JSON, by the name of the file.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const [modules, folder, events, since, ...queries] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(`${modules}/`)('@duckdb/node-api');
const database = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await database.connect();
await connection.run(`SET VARIABLE events = '${events}'`);
await connection.run(`SET VARIABLE since = '${since}'`);
await connection.run(readFileSync(`${folder}/events.sql`, 'utf8'));
const out = {};
for (const query of queries) {
  const began = performance.now();
  const answer = await connection.runAndReadAll(readFileSync(`${folder}/${query}.sql`, 'utf8'));
  out[query] = { rows: answer.getRowObjectsJson(), ms: Math.round(performance.now() - began) };
}
console.log(JSON.stringify(out));
process.exit(0);
