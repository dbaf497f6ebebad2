// Makes the streams, once: node setup.mjs [REPLICAS]. Again it changes nothing.
import { AckPolicy, RetentionPolicy, StorageType, nanos } from 'nats';
import { PARTS, REFUSED, open } from './queue.mjs';

const replicas = Number(process.argv[2] ?? 3);
const connection = await open('whyoom-setup');
const manager = await connection.jetstreamManager();
await manager.streams.add({
  name: PARTS.stream,
  subjects: [PARTS.subject],
  retention: RetentionPolicy.Workqueue, // gone when it is acknowledged
  storage: StorageType.File,
  num_replicas: replicas,
  duplicate_window: nanos(3_600_000), // who feeds may send again
});
await manager.streams.add({
  name: REFUSED.stream,
  subjects: [REFUSED.subject],
  storage: StorageType.File,
  num_replicas: replicas,
  max_bytes: 64 << 20,
});
await manager.consumers.add(PARTS.stream, {
  durable_name: PARTS.consumer,
  ack_policy: AckPolicy.Explicit,
  // A worker that is dead for so long has its part given to another; one at work says so in time.
  ack_wait: nanos(Number(process.env.ACK_WAIT_MS ?? 30_000)),
  max_deliver: -1, // a full disk may take a night
  max_ack_pending: 10_000,
});
await connection.close();
