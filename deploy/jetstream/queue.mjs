// What feed, worker and setup share: the connection, and the names of the streams.
//
// Environment: NATS_URLS (nats://127.0.0.1:4222, several with commas); NATS_USER with NATS_PASSWORD_FILE,
// or NATS_CREDS, a file of credentials; NATS_CA, NATS_CERT, NATS_KEY for TLS. Secrets come from files: a
// command line and an environment can be read by others.
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator } from 'nats';

export const PARTS = { stream: 'WHYOOM_PARTS', subject: 'whyoom.parts', consumer: 'explain' };
export const REFUSED = { stream: 'WHYOOM_REFUSED', subject: 'whyoom.refused' };

export async function open(name) {
  const env = process.env;
  const options = {
    name,
    servers: (env.NATS_URLS ?? 'nats://127.0.0.1:4222').split(','),
    // A server that is gone is waited for, and another one is taken meanwhile.
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    pingInterval: 10_000,
    maxPingOut: 2,
  };
  if (env.NATS_CREDS) {
    options.authenticator = credsAuthenticator(readFileSync(env.NATS_CREDS));
  } else if (env.NATS_USER) {
    options.user = env.NATS_USER;
    options.pass = readFileSync(env.NATS_PASSWORD_FILE, 'utf8').trimEnd();
  }
  if (env.NATS_CA) {
    options.tls = { caFile: env.NATS_CA, certFile: env.NATS_CERT, keyFile: env.NATS_KEY };
  }
  const connection = await connect(options);
  // It ends by itself only for what time does not fix, such as a password that holds no more. Who started
  // this starts it again, with what the files say then.
  connection.closed().then((error) => {
    if (error) {
      say(`the servers do not want this connection: ${error.message}`);
      process.exit(75);
    }
  });
  return connection;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function say(text) {
  console.error(`${new Date().toISOString()} ${text}`);
}
