// Puts parts into the queue: parts.sh FILE... | node feed.mjs
// It ends when the servers have all of them on disk; with status 0 only then. Sent again, also by another
// one, a part stands in the queue once.
import { createInterface } from 'node:readline';
import { PARTS, open, say, sleep } from './queue.mjs';

const AT_ONCE = 100;
const connection = await open('whyoom-feed');
const stream = connection.jetstream();

async function put(name, range, file) {
  for (;;) {
    try {
      return await stream.publish(PARTS.subject, JSON.stringify({ name, range, file }), {
        msgID: name,
        expect: { streamName: PARTS.stream },
      });
    } catch (error) {
      say(`not taken (${error.message}): sent again`);
      await sleep(500);
    }
  }
}

const open_ = new Set();
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [name, range, file, ...more] = line.split('\t');
  if (!file || more.length > 0) {
    say(`no line of parts.sh: ${JSON.stringify(line)}`);
    process.exit(65);
  }
  const sent = put(name, range, file).then(() => open_.delete(sent));
  open_.add(sent);
  count += 1;
  if (open_.size >= AT_ONCE) {
    await Promise.race(open_);
  }
}
await Promise.all(open_);
say(`${count} parts are in the queue`);
await connection.close();
