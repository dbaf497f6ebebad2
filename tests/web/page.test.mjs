// Drives the page from the disk, in Debian's Chromium; test_web.py gives it what it needs.
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {after, before, beforeEach, afterEach, describe, it} from 'node:test';
import {createServer} from 'node:net';
import {readFileSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {gzipSync} from 'node:zlib';

const {WHYOOM_PAGE, WHYOOM_ANSWERS, WHYOOM_EXAMPLES, WHYOOM_MODULES, WHYOOM_SCRATCH,
       WHYOOM_CHROMIUM} = process.env;
const require = createRequire(join(WHYOOM_MODULES, 'x.js'));
const {chromium} = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const address = pathToFileURL(WHYOOM_PAGE).href;
const example = join(WHYOOM_EXAMPLES, 'min-free-killed.log');

let browser;
let page;
let complaints;
let requests;

before(async () => {
  browser = await chromium.launch({executablePath: WHYOOM_CHROMIUM, timeout: 0,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']});
});
after(() => browser.close());

async function open(options = {}) {
  const context = await browser.newContext({acceptDownloads: true, locale: 'en-US', ...options});
  context.setDefaultTimeout(0);  // how fast the machine is does not matter
  page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => complaints.push(`dialog ${dialog.message()}`));
  context.on('request', (request) => requests.push(request.url()));
  await page.goto(address);
  await page.locator('html[data-ready]').waitFor();
}

beforeEach(async () => {
  complaints = [];
  requests = [];
  await open();
});
// Of every test: nothing was complained of, and nothing left.
afterEach(async () => {
  await page.context().close();
  assert.deepEqual(complaints, []);
  assert.deepEqual(requests.filter((url) => url !== address && !url.startsWith('blob:')), []);
});

const result = () => page.locator('#result:not([hidden])').waitFor();
const report = () => page.locator('#report').innerText();

async function give(...files) {
  await page.locator('#files').setInputFiles(files);
  await result();
}

const buffer = (name, data) => ({name, mimeType: '', buffer: Buffer.from(data)});
const kill = (name, at = 9) => `[ ${at}.0] Out of memory: Killed process 7 (${name}) ` +
    'total-vm:900000kB, anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n';

async function drop(name, text) {
  const data = await page.evaluateHandle(([name, text]) => {
    const made = new DataTransfer();
    made.items.add(new File([text], name));
    return made;
  }, [name, text]);
  await page.dispatchEvent('body', 'dragenter', {dataTransfer: data});
  assert.equal(await page.locator('#over').isVisible(), true);
  await page.dispatchEvent('body', 'drop', {dataTransfer: data});
  assert.equal(await page.locator('#over').isVisible(), false);
  await result();
}

async function saved(selector) {
  const coming = page.waitForEvent('download');
  await page.locator(selector).click();
  return readFileSync(await (await coming).path(), 'utf8');
}

describe('ways in', () => {
  it('a file', async () => {
    await give(example);
    assert.match(await report(), /vm\.min_free_kbytes is too high/);
    assert.match(await report(), /sudo whyoom fix vm\.min_free_kbytes=45056/);
  });

  it('dropped', async () => {
    await drop('a.log', kill('java'));
    assert.match(await report(), /java/);
  });

  it('pasted into the field', async () => {
    await page.locator('#text').fill(kill('python3'));
    await page.locator('#paste button').click();
    await result();
    assert.match(await report(), /python3/);
  });

  it('pasted anywhere', async () => {
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.setData('text', text);
      document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));
    }, kill('node'));
    await result();
    assert.match(await report(), /node/);
  });

  it('gzip', async () => {
    await give(buffer('kern.log.2.gz', gzipSync(readFileSync(example))));
    assert.match(await report(), /vm\.min_free_kbytes is too high/);
  });

  it('gzip that is cut: what can be read is, and it is said', async () => {
    // Stored, so that what is left holds the first report.
    const whole = gzipSync(kill('early') + 'x\n'.repeat(100000), {level: 0});
    await give(buffer('cut.gz', whole.subarray(0, whole.length / 2)));
    assert.match(await page.locator('#remarks').innerText(), /cut\.gz: the gzip file is damaged/);
    assert.match(await report(), /early/);
  });

  it('what a browser cannot open', async () => {
    await give(buffer('a.zst', [0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]));
    assert.match(await page.locator('#remarks').innerText(), /a\.zst: this is zstd/);
  });

  it('empty, binary, without an event', async () => {
    await give(buffer('empty.log', ''), buffer('b.bin', Buffer.alloc(70000, 1)), buffer('c.log', 'hello\n'));
    const said = await page.locator('#remarks').innerText();
    assert.match(said, /empty\.log: the file is empty/);
    assert.match(said, /b\.bin: looks like a binary file/);
    assert.match(said, /no OOM event found in 1 line of 3 files|no OOM event found/);
    assert.equal(await page.locator('#count').innerText(), 'No event found');
  });

  it('each example', async () => {
    const count = await page.locator('.example').count();
    assert.equal(count, 3);
    for (let i = 0; i < count; ++i) {
      await page.locator('.example').nth(i).click();
      await result();
      assert.match(await page.locator('#count').innerText(), /\d+ event/);
      await page.locator('#again').click();
      await page.locator('#start:not([hidden])').waitFor();
    }
  });
});

describe('a hostile log', () => {
  const names = ['<script>alert(1)', '"><img onerror', '\x1b[31mred\x1b]0;x\x07', '\u202egnp.exe', '</article>',
    '<svg/onload=alert(1)>', '{{7*7}}', "a'&b"];

  it('names stay text, in the list and in the report', async () => {
    await give(buffer('<img src=x onerror=alert(1)>.log', names.map((name, i) => kill(name, i * 5000)).join('')));
    assert.equal(await page.locator('#stories [data-index]').count(), names.length + 1);
    for (let i = 0; i <= names.length; ++i) {
      await page.locator('#stories [data-index]').nth(i).click();
      const marks = await page.evaluate(() => ({
        bad: document.querySelectorAll('#result script, #result img, #result svg[onload], #result iframe').length,
        raw: /[\u001b\u202e]/.test(document.getElementById('result').textContent)}));
      assert.deepEqual(marks, {bad: 0, raw: false});
    }
    await page.locator('#stories [data-index="0"]').click();
    await page.locator('#report', {hasText: '<script>alert(1)'}).waitFor();
  });

  it('50 MB without a newline', async () => {
    const path = join(WHYOOM_SCRATCH, 'long.log');
    writeFileSync(path, Buffer.concat([Buffer.alloc(50_000_000, 'x'), Buffer.from('\n' + kill('behind'))]));
    await give(path);
    assert.match(await report(), /behind/);
  });

  it('a trap is survived, and said', async () => {
    // The module's memory cannot grow any more: its next wish for memory traps.
    await page.evaluate(() => {
      const text = document.getElementById('worker');
      text.textContent += ';const real = WORK.read; WORK.read = async (data) => {' +
          'if (data.logs[0].name === "bomb.log") { for (let i = 0; i < 65536; ++i) engine.memory.grow(1); } return real(data); };';
      startWorker();
    });
    await page.locator('#files').setInputFiles(buffer('bomb.log', readFileSync(example)));
    await page.locator('#notice:not([hidden])').waitFor();
    assert.match(await page.locator('#notice').innerText(), /It was started again/);
    await give(example);
    assert.match(await report(), /vm\.min_free_kbytes is too high/);
    assert.equal(await page.locator('#notice').isVisible(), false);
  });
});

it('stays awake over 100 MB: it says how far, and stops when it is told to', async () => {
  const path = join(WHYOOM_SCRATCH, 'large.log');
  const report = readFileSync(example);
  writeFileSync(path, Buffer.concat(Array(Math.ceil(100_000_000 / report.length)).fill(report)));
  await page.locator('#files').setInputFiles(path);
  await page.locator('#work:not([hidden])').waitFor();
  const far = () => page.evaluate(() => document.getElementById('bar').value);
  await page.waitForFunction(() => document.getElementById('bar').value > 0);
  const before = await far();
  await page.waitForFunction((before) => document.getElementById('bar').value > before, before);
  assert.match(await page.locator('#far').innerText(), /MB of 100\.\d MB, [\d,]+ events? so far/);
  await page.locator('#stop').click();
  await page.locator('#start:not([hidden])').waitFor();
  assert.equal(await page.locator('#said').innerText(), 'Stopped.');
  await give(example);
  assert.match(await page.locator('#report').innerText(), /vm\.min_free_kbytes is too high/);
});

it('a number of the proof leads to the line of the log', async () => {
  await give(example);
  const link = page.locator('#report a[href^="#line-"]').first();
  const line = page.locator(`[id="${(await link.getAttribute('href')).slice(1)}"]`);
  assert.equal(await line.isVisible(), false);
  await link.click();
  assert.equal(await line.isVisible(), true);
  assert.match(await line.innerText(), /Node 0 DMA32 free:/);
});

describe('what it gives', () => {
  it('the JSON of each log is the command’s, byte for byte', async () => {
    const answers = JSON.parse(readFileSync(WHYOOM_ANSWERS, 'utf8'));
    assert.ok(Object.keys(answers).length > 50);
    for (const [path, expected] of Object.entries(answers)) {
      const json = await page.evaluate(async ([name, data]) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        logs = [{name, blob: new Blob([bytes])}];
        return (await read('json', '')).text();
      }, [basename(path), readFileSync(path).toString('base64')]);
      assert.ok(json === expected, `${path}: another answer`);
    }
  });

  it('all formats of all events, and of one', async () => {
    await give(example);
    const answers = JSON.parse(readFileSync(WHYOOM_ANSWERS, 'utf8'));
    assert.ok(await saved('#allTools button >> nth=2') === answers[example]);
    assert.match(await saved('#allTools button >> nth=1'), /^## /m);
    assert.match(await saved('#allTools button >> nth=0'), /^<!DOCTYPE html>[^]*<\/html>\n$/);
    assert.match(await saved('#tools button >> nth=0'), /^<!DOCTYPE html>[^]*<\/html>\n$/);
  });

  it('copies', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await give(example);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await page.locator('#tools button >> nth=1').click();
    await page.locator('#said', {hasText: 'Copied'}).waitFor({state: 'attached'});
    assert.match(await clipboard(), /^## .*vm\.min\\?_free/m);
    await page.evaluate(() => { document.getElementById('said').textContent = ''; });
    await page.locator('#tools button >> nth=2').click();
    await page.locator('#said', {hasText: 'Copied'}).waitFor({state: 'attached'});
    assert.equal(JSON.parse(await clipboard()).events[0].root_cause, 'min-free-too-high');
  });
});

describe('languages', () => {
  const chinese = /\p{Script=Han}/u;
  const lang = () => page.evaluate(() => document.documentElement.lang);

  it('the browser’s', async () => {
    await page.context().close();
    await open({locale: 'zh-CN'});
    assert.equal(await lang(), 'zh-CN');
    assert.match(await page.locator('h1').first().innerText(), chinese);
    await give(example);
    assert.match(await report(), /内存区/);
    assert.match(await page.locator('#count').innerText(), chinese);
    assert.match(await saved('#tools button >> nth=0'), /<html lang="zh-CN">[^]*内存区/);
  });

  it('no word of a report stays English', async () => {
    await page.context().close();
    await open({locale: 'zh-CN'});
    for (let i = 0; i < await page.locator('.example').count(); ++i) {
      await page.locator('.example').nth(i).click();
      await result();
      for (const sentence of await page.locator('#report :is(p, h2, h3, th, summary)').allInnerTexts()) {
        assert.ok(!/[a-z]{3,} [a-z]{2,} [a-z]{3,}/.test(sentence), sentence);
      }
      for (const cell of await page.locator('#report table:not(:has(thead)) td').allInnerTexts()) {
        assert.doesNotMatch(cell, /\d [a-z]{4,}/, 'a number of things');
      }
      await page.locator('#again').click();
      await page.locator('#start:not([hidden])').waitFor();
    }
  });

  it('another, with the same story in view', async () => {
    await give(buffer('many.log', [1, 2, 3].map((i) => kill(`p${i}`, i * 5000)).join('')));
    await page.locator('#stories [data-index="1"]').click();
    await page.locator('#report', {hasText: 'p2'}).waitFor();
    await page.locator('#language').click();
    await page.locator('#report', {hasText: chinese}).waitFor();
    assert.match(await report(), /p2/);
    assert.equal(await page.locator('[data-index="1"][aria-current]').count(), 1);
    assert.equal(await lang(), 'zh-CN');
    await page.locator('#language').click();
    await page.locator('#report', {hasText: 'Killed'}).waitFor();
    assert.doesNotMatch(await page.locator('#result').innerText(), chinese);
  });

  it('JSON is the same in all of them', async () => {
    await page.context().close();
    await open({locale: 'zh-CN'});
    const json = () => page.evaluate(async () => [
      await (await read('json', '')).text(),
      await ask('story', {index: 0, format: 'json', again: inquiry('json')})]);
    await give(example);
    const [all, story] = await json();
    assert.ok(all === JSON.parse(readFileSync(WHYOOM_ANSWERS, 'utf8'))[example]);
    assert.match(await report(), chinese);
    assert.match(await page.evaluate(() => ask('story', {index: 0, format: 'markdown'})), /原因/,
                 'after JSON was asked for');
    await page.locator('#language').click();
    await page.locator('#report', {hasText: 'Killed'}).waitFor();
    const [all2, story2] = await json();
    assert.ok(all2 === all && story2 === story, 'the same in English');  // a megabyte is no message
    assert.doesNotMatch(story, chinese);
  });
});

describe('for everybody', () => {
  for (const [colorScheme, locale] of [['light', 'en-US'], ['dark', 'en-US'], ['light', 'zh-CN']]) {
    it(`axe finds nothing: ${colorScheme}, ${locale}`, async () => {
      await page.context().close();
      await open({colorScheme, locale, bypassCSP: true});
      const check = async (what) => {
        await page.evaluate(axe);
        const {violations} = await page.evaluate(() => axe.run({resultTypes: ['violations']}));
        assert.deepEqual(violations.map(({id, nodes}) => `${what}: ${id} ${nodes[0].html}`), []);
      };
      await check('start');
      await page.locator('.example >> nth=1').click();
      await result();
      await check('report');
      await page.locator('#again').click();
      await give(buffer('many.log', [1, 2, 3].map((i) => kill(`p${i}`, i * 5000)).join('')));
      await check('list');
    });
  }

  it('with the keyboard alone', async () => {
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
    for (let i = 0; i < 20 && await focused() !== 'example'; ++i) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await result();
    assert.equal(await focused(), 'count');
    await page.locator('#again').focus();
    await page.keyboard.press('Enter');
    await give(buffer('many.log', [1, 2, 3].map((i) => kill(`p${i}`, i * 5000)).join('')));
    await page.locator('#stories [data-index="-1"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('[data-index="0"][aria-current]').waitFor();
    assert.match(await report(), /p1/);
  });

  for (const width of [360, 800, 1400]) {
    it(`nothing is wider than the window at ${width} px`, async () => {
      await page.setViewportSize({width, height: 800});
      const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(await over() <= 0);
      await give(example);
      assert.ok(await over() <= 0);
    });
  }
});

it('the policy lets nothing out', async () => {
  let reached = 0;
  const server = createServer((socket) => { reached++; socket.destroy(); });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const tried = await page.evaluate(async (address) => {
    const blocked = [];
    document.addEventListener('securitypolicyviolation', (event) => blocked.push(event.effectiveDirective));
    await fetch(address).catch(() => {});
    navigator.sendBeacon(address, 'x');
    new Image().src = `${address}/x.png`;
    const script = document.createElement('script');
    script.textContent = 'document.title = "bad"';
    document.body.append(script);
    await new Promise((done) => setTimeout(done, 100));
    return {blocked, title: document.title};
  }, `http://127.0.0.1:${server.address().port}`);
  server.close();
  assert.equal(reached, 0);
  assert.equal(tried.title, 'whyoom');
  assert.deepEqual(tried.blocked.sort(), ['connect-src', 'connect-src', 'img-src', 'script-src-elem']);
  requests = [];  // they were asked for, and refused
  complaints = complaints.filter((text) => !text.includes('Content Security Policy'));
});
