'use strict';
// Runs the module: reads logs piece by piece, and answers what the page asks for.
const FORMATS = {list: 0, json: 1, ndjson: 2, markdown: 3, html: 4, text: 5, beside: 6};
const PIECE = 1 << 20;
const encoder = new TextEncoder();
let engine = null;

let spoken = 'en';

// What page.py has packed: how many bytes, and gzip, 13 or 14 bits of it in two of 91 characters.
const DIGITS = new Uint8Array(127);
for (let code = 33, digit = 0; code < 127; ++code) {
  if (!'&<\\'.includes(String.fromCharCode(code))) DIGITS[code] = digit++;
}
async function unpacked(packed) {
  const bytes = new Uint8Array(parseInt(packed, 10));
  let size = 0;
  let bits = 0;
  let held = 0;
  for (let at = packed.indexOf(':') + 1; at + 1 < packed.length; at += 2) {
    const pair = DIGITS[packed.charCodeAt(at)] + DIGITS[packed.charCodeAt(at + 1)] * 91;
    bits |= pair << held;
    held += (pair & 8191) > 88 ? 13 : 14;
    for (; held > 7; held -= 8, bits >>>= 8) bytes[size++] = bits;
  }
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(plain).arrayBuffer();
}

async function start({packed, texts}) {
  const module = await unpacked(packed);
  // The module asks nothing of a system; its library could write an error before it ends.
  const none = () => 8;  // EBADF
  const wasi = {fd_write: none, fd_close: none, fd_seek: none};
  const {instance} = await WebAssembly.instantiate(module, {wasi_snapshot_preview1: wasi});
  engine = instance.exports;
  engine._initialize();
  engine.catalogue(give(new Uint8Array(await unpacked(texts))));
}

function speak(language) {
  spoken = language;
  engine.speak(language === 'zh' ? 1 : 0);
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
    let next = blob.slice(0, PIECE).arrayBuffer();
    for (let at = 0; at < blob.size; at += PIECE) {
      const piece = new Uint8Array(await next);
      next = blob.slice(at + PIECE, at + 2 * PIECE).arrayBuffer();  // while this one is read
      sink(piece);
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

async function read({logs, format, words, language}) {
  const total = logs.reduce((sum, log) => sum + log.blob.size, 0);
  const output = [];
  let before = 0;
  let told = 0;
  speak(language);
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
  if (format === 'beside') return null;
  output.push(taken(size));
  engine.end();
  return new Blob(output);
}

// JSON is English, all that a reading keeps of a log is in its language: it is read again.
async function story({index, format, again}) {
  if (format !== 'json' || spoken === 'en') return takenText(engine.story(index, FORMATS[format]));
  const before = spoken;
  try {
    await read({...again, format: 'beside', language: 'en'});
    return takenText(engine.story(index, FORMATS[format]));
  } finally {
    engine.end();
    speak(before);
  }
}

// What is written for somebody to keep may be in another language than the list that is shown, which
// goes on to be asked in its own.
async function readOrWrite(inquiry) {
  const before = spoken;
  try {
    return await read(inquiry);
  } finally {
    if (inquiry.format !== 'list') speak(before);
  }
}

const WORK = {
  start,
  read: readOrWrite,
  unpack: ({packed}) => unpacked(packed),
  part: ({index}) => takenText(engine.story(index, 0)),
  story,
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
