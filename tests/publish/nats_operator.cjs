// A server in operator mode: who may do what stands in signed tokens, and who connects has a file of credentials.
//   node nats_operator.cjs make FOLDER         operator.conf, and admin, node, other, stranger .creds
//   node nats_operator.cjs stream FOLDER URL   makes the stream OOM
//   node nats_operator.cjs count FOLDER URL    how many messages it has
// Tokens are JWTs as nats-server wants them, signed with Ed25519.
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const nkeys = require('nkeys.js');
const nats = require('nats');

const [what, folder, url] = process.argv.slice(2);
const base64 = (data) => Buffer.from(data).toString('base64url');

function token(issuer, subject, name, about) {
  const claims = {jti: crypto.randomUUID(), iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(),
                  sub: subject.getPublicKey(), name, nats: {version: 2, ...about}};
  const text = `${base64(JSON.stringify({typ: 'JWT', alg: 'ed25519-nkey'}))}.${base64(JSON.stringify(claims))}`;
  return `${text}.${base64(issuer.sign(Buffer.from(text)))}`;
}

function credentials(account, name, permissions) {
  const user = nkeys.createUser();
  const jwt = token(account, user, name, {type: 'user', subs: -1, data: -1, payload: -1, ...permissions});
  fs.writeFileSync(path.join(folder, `${name}.creds`),
                   `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n`
                   + `-----BEGIN USER NKEY SEED-----\n${Buffer.from(user.getSeed())}\n------END USER NKEY SEED------\n`,
                   {mode: 0o600});
}

function make() {
  const operator = nkeys.createOperator();
  const [account, system] = [nkeys.createAccount(), nkeys.createAccount()];
  const limits = {subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1};
  const stored = {mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1};
  const of = (kp) => `${kp.getPublicKey()}: ${token(operator, kp, kp === account ? 'fleet' : 'SYS', {
    type: 'account', limits: kp === account ? {...limits, ...stored} : limits})}`;
  fs.writeFileSync(path.join(folder, 'operator.jwt'), token(operator, operator, 'operator', {type: 'operator'}));
  fs.writeFileSync(path.join(folder, 'operator.conf'),
                   `operator: "${folder}/operator.jwt"\nsystem_account: ${system.getPublicKey()}\nresolver: MEMORY\n`
                   + `resolver_preload: {\n${of(account)}\n${of(system)}\n}\n`);
  credentials(account, 'admin', {});
  credentials(account, 'node', {pub: {allow: ['oom.>']}, sub: {allow: ['_INBOX.>']}});
  credentials(account, 'other', {pub: {allow: ['other.>']}, sub: {allow: ['_INBOX.>']}});
  credentials(nkeys.createAccount(), 'stranger', {});
}

async function ask() {
  const authenticator = nats.credsAuthenticator(fs.readFileSync(path.join(folder, 'admin.creds')));
  const connection = await nats.connect({servers: url, authenticator, timeout: 60_000});
  const manager = await connection.jetstreamManager();
  if (what === 'stream') await manager.streams.add({name: 'OOM', subjects: ['oom.>']});
  console.log((await manager.streams.info('OOM')).state.messages);
  await connection.close();
}

if (what === 'make') {
  make();
} else {
  ask().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
