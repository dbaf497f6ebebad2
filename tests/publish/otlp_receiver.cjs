// A receiver of OTLP/HTTP logs that takes nothing but what the protocol has, and says what it got:
//   node otlp_receiver.cjs PORT FOLDER [TLS_KEY TLS_CERT [CA_OF_CLIENTS]]
// FOLDER/mode, read anew for each request, is {"status":503,"retry":1}, {"refuse":ID},
// {"partial":N}, {"token":T} or {}. What is accepted goes to FOLDER/records, a record a line; what
// is wrong to FOLDER/wrong. The messages are decoded by OpenTelemetry's own generated code.
const fs = require('fs');
const path = require('path');
const http = require('http');
const https = require('https');

const [port, folder, key, cert, ca] = process.argv.slice(2);
const generated = path.join(path.dirname(require.resolve('@opentelemetry/otlp-transformer/package.json')),
                            'build/src/generated/root.js');
const proto = require(generated).opentelemetry.proto.collector.logs.v1;
const Request = proto.ExportLogsServiceRequest;
const Response = proto.ExportLogsServiceResponse;

function attributes(list, where) {
  const out = {};
  for (const {key, value} of list || []) {
    if (!key || key in out) throw Error(`${where}: attribute "${key}" twice or empty`);
    const kinds = Object.keys(value || {});
    if (kinds.length !== 1 || !['stringValue', 'intValue', 'doubleValue'].includes(kinds[0])) {
      throw Error(`${where}: attribute ${key} has ${kinds}`);
    }
    out[key] = value[kinds[0]];
  }
  return out;
}

function decode(request, body) {
  if (request.method !== 'POST' || request.url !== '/v1/logs') throw Error(`${request.method} ${request.url}`);
  if (request.headers['content-type'] !== 'application/x-protobuf') throw Error('content-type');
  if (+request.headers['content-length'] !== body.length || body.length === 0) throw Error('length');
  const message = Request.decode(body);
  // Fields that are not known, or in another form, would not come back.
  if (Buffer.compare(Buffer.from(Request.encode(message).finish()), body) !== 0) throw Error('bytes differ');
  const plain = Request.toObject(message, {longs: String, enums: Number, bytes: String});
  const records = [];
  for (const part of plain.resourceLogs) {
    const resource = attributes(part.resource.attributes, 'resource');
    if (resource['service.name'] !== 'whyoom') throw Error('service.name');
    if (part.scopeLogs.length !== 1 || part.scopeLogs[0].scope.name !== 'whyoom') throw Error('scope');
    for (const record of part.scopeLogs[0].logRecords) {
      const extra = Object.keys(record).filter(
          name => !['timeUnixNano', 'observedTimeUnixNano', 'severityNumber', 'severityText', 'body',
                    'attributes'].includes(name));
      if (extra.length) throw Error(`fields ${extra}`);
      if (!/^\d{19}$/.test(record.observedTimeUnixNano)) throw Error('observedTimeUnixNano');
      if (record.timeUnixNano !== undefined && !/^\d{19}$/.test(record.timeUnixNano)) throw Error('timeUnixNano');
      if (!{13: 'WARN', 17: 'ERROR', 21: 'FATAL'}[record.severityNumber]) throw Error('severityNumber');
      if (!record.body.stringValue) throw Error('body');
      const of = attributes(record.attributes, 'record');
      if (!/^[0-9a-f]{32}$/.test(of['log.record.uid'])) throw Error('log.record.uid');
      records.push({id: of['log.record.uid'], host: resource['host.name'], time: record.timeUnixNano,
                    severity: record.severityText, body: record.body.stringValue, attributes: of});
    }
  }
  if (!records.length) throw Error('no records');
  return records;
}

function answer(request, body) {
  const mode = JSON.parse(fs.readFileSync(path.join(folder, 'mode'), 'utf8') || '{}');
  if (mode.token && request.headers.authorization !== `Bearer ${mode.token}`) return [401, ''];
  if (mode.status) return [mode.status, '', mode.retry];
  let records;
  try {
    records = decode(request, body);
  } catch (error) {
    fs.appendFileSync(path.join(folder, 'wrong'), `${error.message}\n`);
    return [400, error.message];
  }
  if (mode.refuse && records.some(each => each.id === mode.refuse)) return [400, 'not this one'];
  fs.appendFileSync(path.join(folder, 'records'), records.map(each => JSON.stringify(each) + '\n').join(''));
  const partial = mode.partial ? {partialSuccess: {rejectedLogRecords: mode.partial, errorMessage: 'too old'}} : {};
  return [200, Buffer.from(Response.encode(Response.create(partial)).finish())];
}

function serve(request, response) {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => {
    const [status, text, retry] = answer(request, Buffer.concat(parts));
    const headers = {'content-type': 'application/x-protobuf'};
    if (retry) headers['retry-after'] = String(retry);
    response.writeHead(status, headers);
    response.end(text);
  });
}

const tls = () => ({key: fs.readFileSync(key), cert: fs.readFileSync(cert), requestCert: !!ca, rejectUnauthorized: !!ca,
                    ca: ca && fs.readFileSync(ca)});
const server = key ? https.createServer(tls(), serve) : http.createServer(serve);
server.listen(+port, '127.0.0.1', () => console.log('listening'));
