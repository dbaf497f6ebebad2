// A report of `--format html` in Debian's Chromium: its script, and that it says all without it.
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {after, afterEach, before, describe, it} from 'node:test';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';

const {WHYOOM_REPORTS, WHYOOM_MODULES, WHYOOM_CHROMIUM} = process.env;
const require = createRequire(join(WHYOOM_MODULES, 'x.js'));
const {chromium} = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let page;
let complaints = [];
let requests = [];

before(async () => {
  browser = await chromium.launch({executablePath: WHYOOM_CHROMIUM, timeout: 0,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']});
});
after(() => browser.close());

async function open(name, options = {}) {
  const address = pathToFileURL(join(WHYOOM_REPORTS, `${name}.html`)).href;
  const context = await browser.newContext(options);
  context.setDefaultTimeout(0);
  page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  context.on('request', (request) => request.url() === address || requests.push(request.url()));
  await page.goto(address);
}

afterEach(async () => {
  await page.context().close();
  const [said, asked] = [complaints, requests];
  complaints = [];
  requests = [];
  assert.deepEqual(said, []);
  assert.deepEqual(asked, []);
});

const column = (index) => page.locator('table.sortable').first()
    .locator(`tbody tr td:nth-child(${index})`).allInnerTexts();
const numbers = (texts) => texts.map((text) => parseFloat(text.replace(/[, ]/g, '')));

describe('columns', () => {
  it('sort, by mouse and by keyboard, and say so', async () => {
    await open('exhausted');
    const pid = page.locator('table.sortable th', {hasText: 'pid'});
    const before = numbers(await column(2));
    assert.ok(before.length > 3);
    await pid.locator('button').click();
    assert.equal(await pid.getAttribute('aria-sort'), 'descending');
    assert.deepEqual(numbers(await column(2)), before.toSorted((a, b) => b - a));
    await pid.locator('button').press('Enter');
    assert.equal(await pid.getAttribute('aria-sort'), 'ascending');
    assert.deepEqual(numbers(await column(2)), before.toSorted((a, b) => a - b));
    await page.locator('table.sortable th button').first().click();
    assert.equal(await pid.getAttribute('aria-sort'), null);
    assert.deepEqual(await column(1), (await column(1)).toSorted((a, b) => a.localeCompare(b)));
  });

  it('have the kernel’s score of each process', async () => {
    await open('exhausted');
    const heads = await page.locator('table.sortable th').allInnerTexts();
    const scores = numbers(await column(heads.indexOf('score') + 1));
    const resident = numbers(await column(heads.indexOf('resident') + 1));
    const adj = numbers(await column(heads.indexOf('adj') + 1));
    assert.ok(adj.includes(0) && adj.some((each) => each < 0));
    scores.forEach((score, i) => assert.ok(
        adj[i] === 0 ? score >= resident[i] : adj[i] === -1000 ? isNaN(score) : score < resident[i]));
  });
});

describe('the slider', () => {
  const said = () => page.locator('output').innerText();

  it('goes over what each value would have done', async () => {
    await open('killed');
    const slider = page.locator('input[type=range]');
    assert.match(await said(), /fails.*as it was/);
    await slider.press('Home');
    assert.match(await said(), /passes/);
    assert.equal(await slider.getAttribute('aria-valuetext'), await said());
    await slider.press('End');
    assert.match(await said(), /fails/);
    assert.equal(await page.locator('tr.chosen').count(), 1);
    assert.equal(await page.locator('.large svg').count(), 1);
  });

  it('is a table without script', async () => {
    await open('killed', {javaScriptEnabled: false});
    assert.equal(await page.locator('input').count(), 0);
    const rows = await page.locator('.slider tbody tr').allInnerTexts();
    assert.ok(rows.length >= 5 && rows.length <= 14, String(rows.length));
    assert.ok(rows.some((row) => /45056.*the fix/s.test(row)));
    assert.ok(rows.some((row) => /can fail.*from here on it can fail/s.test(row)));
  });
});

it('a spree is a line of time, with words', async () => {
  await open('spree');
  assert.match(await page.locator('svg.times').getAttribute('aria-label'), /4 events/);
  const at = await page.locator('.moment').evaluateAll((all) => all.map((each) => each.x.baseVal.value));
  assert.equal(at.length, 4);
  assert.ok(Math.min(...at) === 0 && Math.max(...at) >= 990);
  assert.equal(await page.locator('.moment.chief').count(), 1);
});

it('where memory went adds up to what the kernel manages', async () => {
  await open('exhausted');
  const rows = await page.locator('h3', {hasText: 'of RAM went'}).locator('xpath=following-sibling::div[1]')
      .locator('tbody tr').evaluateAll((all) => all.map((row) => row.cells[2].innerText));
  const sizes = numbers(rows);
  const all = sizes.pop();
  assert.ok(sizes.length > 4);
  assert.equal(sizes.reduce((sum, size) => sum + size, 0), all);
});

describe('the lines of the log', () => {
  const link = () => page.locator('a[href^="#line-"]').first();

  for (const javaScriptEnabled of [true, false]) {
    it(`are where the numbers of the proof lead: ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
      await open('killed', {javaScriptEnabled});
      const line = page.locator(`[id="${(await link().getAttribute('href')).slice(1)}"]`);
      assert.equal(await line.isVisible(), false);
      await link().press('Enter');  // a click waits for frames, which need script
      while (!await line.isVisible()) await sleep(20);
      const place = (await link().innerText()).split(':').at(-1);
      assert.ok((await line.innerText()).startsWith(`${place}  Node 0 DMA32 free:`), await line.innerText());
    });
  }

  it('are there for every link', async () => {
    for (const name of ['killed', 'exhausted', 'spree', 'hostile', 'cgroup']) {
      await open(name);
      const lost = await page.locator('a').evaluateAll((all) => all.map((each) => each.hash.slice(1))
          .filter((id) => !document.getElementById(id)));
      assert.deepEqual(lost, [], name);
      // The line of a kill alone proves nothing.
      assert.equal(await page.locator('a').count() > 0, !['spree', 'hostile'].includes(name), name);
      await page.context().close();
    }
    await open('killed');
  });
});

it('cgroups are lists inside one another, with numbers where they are known', async () => {
  await open('cgroup');
  const names = await page.locator('.tree .name').allInnerTexts();
  assert.equal(names[0], '/');
  assert.match(names.at(-1), /^cri-containerd-/);
  for (let level = 1; level < names.length; ++level) {
    assert.equal(await page.locator('ul '.repeat(level) + '> li > .name').last().innerText(), names.at(-1));
  }
  assert.equal(await page.locator('.tree .bar').count(), 1);
  assert.match(await page.locator('.tree .size').innerText(), /of/);
});

it('what a process calls itself stays text', async () => {
  await open('hostile');
  for (const each of await page.locator('summary').all()) await each.click();
  const found = await page.evaluate(() => ({
    marks: document.querySelectorAll('main script, img, iframe, svg[onload]').length,
    raw: /[\u001b\u0007\u202e]/.test(document.body.textContent)}));
  assert.deepEqual(found, {marks: 0, raw: false});
  assert.match(await page.locator('pre.log').first().innerText(), /Killed process 9 \(<script>alert\(1\)\)/);
  assert.equal(await page.locator('article.story').count(), 8);
});

describe('axe finds nothing', () => {
  for (const name of ['killed', 'exhausted', 'spree', 'hostile', 'cgroup', 'killed.zh', 'cgroup.zh']) {
    for (const width of [360, 1400]) {
      // One page in both of its colours: to open it and to read axe into it is half of the work.
      it(`${name}, light and dark, ${width} px`, async () => {
        await open(name, {bypassCSP: true, viewport: {width, height: 800}});
        for (const each of await page.locator('summary').all()) await each.click();
        await page.evaluate(axe);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({colorScheme});
          assert.equal(await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches), colorScheme === 'dark');
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth) <= 0);
          const {violations} = await page.evaluate(() => axe.run({resultTypes: ['violations']}));
          assert.deepEqual(violations.map(({id, nodes}) => `${colorScheme}: ${id} ${nodes[0].html}`), []);
        }
      });
    }
  }
});
