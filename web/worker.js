'use strict';
// Runs the module: reads logs piece by piece, and answers what the page asks for.
const FORMATS = {list: 0, json: 1, ndjson: 2, markdown: 3, html: 4, text: 5};
const PIECE = 1 << 20;
const encoder = new TextEncoder();
let engine = null;

async function start(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const module = await new Response(plain).arrayBuffer();
  // The module asks nothing of a system; its library could write an error before it ends.
  const none = () => 8;  // EBADF
  const wasi = {fd_write: none, fd_close: none, fd_seek: none};
  const {instance} = await WebAssembly.instantiate(module, {wasi_snapshot_preview1: wasi});
  engine = instance.exports;
  engine._initialize();
}

const memory = (at, size) => new Uint8Array(engine.memory.buffer, at, size);

function give(bytes) {
  memory(engine.input(), bytes.length).set(bytes);
  return bytes.length;
}

const giveText = (text) => give(encoder.encode(text).subarray(0, engine.input_size()));

// A copy: the memory may move.
const taken = (size) => memory(engine.output(), size).slice();
const takenText = (size) => new TextDecoder().decode(memory(engine.output(), size));

function feed(bytes) {
  for (let at = 0; at < bytes.length; at += engine.input_size()) {
    engine.feed(give(bytes.subarray(at, at + engine.input_size())));
  }
}

const starts = (bytes, ...magic) => magic.every((byte, i) => bytes[i] === byte);

// What this is when it is no text: gzip, or the name of what the browser cannot open.
function packing(bytes) {
  if (starts(bytes, 0x1f, 0x8b)) return 'gzip';
  if (starts(bytes, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (starts(bytes, 0xfd, 0x37, 0x7a, 0x58, 0x5a)) return 'xz';
  if (starts(bytes, 0x42, 0x5a, 0x68)) return 'bzip2';
  if (starts(bytes, 0x04, 0x22, 0x4d, 0x18)) return 'lz4';
  if (starts(bytes, 0x50, 0x4b, 0x03, 0x04)) return 'zip';
  return '';
}

// All bytes of a log to `sink`; gives what was wrong with it, a key of the page's words.
async function readLog(blob, sink, progress) {
  const kind = packing(new Uint8Array(await blob.slice(0, 6).arrayBuffer()));
  if (kind && kind !== 'gzip') return {key: 'packed', kind};
  if (!kind) {
    for (let at = 0; at < blob.size; at += PIECE) {
      sink(new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer()));
      progress(Math.min(at + PIECE, blob.size));
    }
    return null;
  }
  let read = 0;
  const counter = new TransformStream({
    transform(chunk, controller) {
      read += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const plain =
      blob.stream().pipeThrough(counter).pipeThrough(new DecompressionStream('gzip')).getReader();
  for (;;) {
    let piece;
    try {
      piece = await plain.read();
    } catch {  // cut, or a second file behind the first
      return {key: 'damaged'};
    }
    if (piece.done) return null;
    sink(piece.value);
    progress(read);
  }
}

async function read({logs, format, words}) {
  const total = logs.reduce((sum, log) => sum + log.blob.size, 0);
  const output = [];
  let before = 0;
  let told = 0;
  engine.begin(FORMATS[format]);
  for (const log of logs) {
    engine.begin_log(giveText(log.name));
    const progress = (done) => {
      const size = engine.take();
      if (size > 0) output.push(new Blob([taken(size)]));
      if (performance.now() - told > 50) {
        told = performance.now();
        postMessage({type: 'progress', done: before + done, total, found: engine.found()});
      }
    };
    const wrong = await readLog(log.blob, feed, progress);
    engine.end_log(giveText(wrong ? words[wrong.key].replace('{}', wrong.kind) : ''));
    before += log.blob.size;
  }
  engine.finish();
  const size = engine.take();
  if (format === 'list') {
    const list = JSON.parse(takenText(size));
    list.summary = takenText(engine.summary());
    return list;
  }
  output.push(taken(size));
  engine.end();
  return new Blob(output);
}

const WORK = {
  start: ({packed}) => start(packed),
  read,
  part: ({index}) => takenText(engine.story(index, 0)),
  story: ({index, format}) => takenText(engine.story(index, FORMATS[format])),
};

// One piece of work after the other. After a trap nothing in the module can be trusted.
let last = Promise.resolve();
onmessage = ({data}) => {
  last = last.then(async () => {
    try {
      postMessage({type: 'answer', id: data.id, value: await WORK[data.type](data)});
    } catch (error) {
      const trap = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
      postMessage({type: trap ? 'trap' : 'failed', id: data.id, what: String(error)});
    }
  });
};
