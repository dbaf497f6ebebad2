// Takes parts from the queue and explains them, one at a time: node worker.mjs OUT ARCHIVE [--until-empty]
//
// A part is acknowledged when its events have their name in OUT, and not before: whatever dies, the part
// comes again, and part.sh sees whether it was done. ARCHIVE is the folder that logs may lie in; a message
// that names another file is refused. Run as many as there are CPUs.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARTS, REFUSED, open, say, sleep } from './queue.mjs';

const [out, archive, flag] = process.argv.slice(2);
if (!archive || (flag && flag !== '--until-empty')) {
  console.error('usage: node worker.mjs OUT ARCHIVE [--until-empty]');
  process.exit(64);
}
const LATER_MS = Number(process.env.LATER_MS ?? 10_000);
const part = join(dirname(fileURLToPath(import.meta.url)), '..', 'part.sh');
const root = realpathSync(archive) + sep;

let stopping = false;
let beat = 5_000; // "still at work", three times before the servers would give the part away
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => { stopping = true; }); // after the part at hand
}

// What stands in a message is not believed.
function read(message) {
  const { name, range, file } = message.json();
  if (!/^[0-9a-f]{32}$/.test(name) || !/^(-|\d{1,15}-\d{1,15})$/.test(range) || typeof file !== 'string') {
    throw new Error('no part');
  }
  try {
    if (!realpathSync(file).startsWith(root)) {
      throw new Error('not in the archive');
    }
  } catch (error) {
    if (error.code === undefined) {
      throw error;
    }
    // Not there now: part.sh says that it is for later.
  }
  return [out, name, range, file];
}

// The client can wait for ever for an answer that a server took with it. Nothing is lost by giving up: what
// came too late is given out again.
const within = (ms, what) => Promise.race([what, sleep(ms).then(() => { throw new Error('no answer'); })]);

const explain = (args) => new Promise((done) => {
  const child = spawn(part, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  child.on('error', () => done(75));
  child.on('close', (status) => done(status ?? 75)); // null: it was killed
});

async function refuse(stream, message, why) {
  say(`refused: ${why}`);
  // Kept, so that somebody can look; only then is it taken out of the queue.
  await stream.publish(REFUSED.subject, message.data, { msgID: `${message.seq}` });
  message.term();
}

async function work(stream, message) {
  let args;
  try {
    args = read(message);
  } catch (error) {
    return refuse(stream, message, error.message);
  }
  const alive = setInterval(() => message.working(), beat);
  const status = await explain(args).finally(() => clearInterval(alive));
  if (status === 0) {
    // Without an answer the part comes again, and is done already.
    await within(10_000, message.ackAck());
  } else if (status === 65) {
    await refuse(stream, message, `it cannot be read: ${args[3]}`);
  } else {
    message.nak(LATER_MS);
  }
}

const connection = await open('whyoom-worker');
const stream = connection.jetstream();
let consumer;
let idle = false;
while (!stopping && !(idle && flag)) {
  try {
    if (!consumer) {
      consumer = await stream.consumers.get(PARTS.stream, PARTS.consumer);
      beat = (await consumer.info(true)).config.ack_wait / 1e6 / 3;
    }
    const message = await within(10_000, consumer.next({ expires: 2_000 }));
    if (message) {
      await work(stream, message);
    } else if (flag) {
      const { num_pending: waiting, num_ack_pending: open_ } = await consumer.info();
      idle = waiting === 0 && open_ === 0;
    }
  } catch (error) {
    say(`${error.message}: tried again`);
    consumer = undefined;
    await sleep(500);
  }
}
await Promise.race([connection.close(), sleep(2_000)]);
process.exit(0);
