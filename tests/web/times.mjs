// Opens a report, and gives logs to the page; prints milliseconds as JSON. times.py gives it what it needs.
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const {WHYOOM_PAGE, WHYOOM_REPORT, WHYOOM_LOGS, WHYOOM_MODULES, WHYOOM_RUNS, WHYOOM_CHROMIUM} = process.env;
const {chromium} = createRequire(join(WHYOOM_MODULES, 'x.js'))('playwright-core');
const browser = await chromium.launch({executablePath: WHYOOM_CHROMIUM, timeout: 0,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']});
const times = {};
const note = (what, time) => (times[what] ??= []).push(time);

async function inPage(address, work) {
  const context = await browser.newContext({viewport: {width: 1400, height: 900}});
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const begin = performance.now();
  await page.goto(pathToFileURL(address).href);
  await work(page, begin);
  await context.close();
}

// Until it has run its script, and was drawn.
const openReport = () => inPage(WHYOOM_REPORT, async (page, begin) => {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  note('a report of 50 events is open', performance.now() - begin);
});

// From the choice of the file to the report on the screen, and for how long the page heard nothing
// in the meantime.
const explainLog = (name, path) => inPage(WHYOOM_PAGE, async (page, begin) => {
  await page.locator('html[data-ready]').waitFor();
  note('the page is ready', performance.now() - begin);
  await page.evaluate(() => {
    const input = Object.assign(document.createElement('input'), {type: 'file', id: 'measured'});
    document.body.append(input);
  });
  await page.locator('#measured').setInputFiles(path);
  const [took, deaf] = await page.evaluate(async () => {
    let last = performance.now();
    let longest = 0;
    const clock = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 5);
    const start = performance.now();
    await explain(ofFiles(document.getElementById('measured').files));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const end = performance.now();
    clearInterval(clock);
    return [end - start, Math.max(longest, end - last)];
  });
  note(name, took);
  note(`${name}: deaf for`, deaf);
});

for (let run = 0; run < Number(WHYOOM_RUNS); ++run) {
  await openReport();
  for (const [name, path] of Object.entries(JSON.parse(WHYOOM_LOGS))) await explainLog(name, path);
}
await browser.close();
process.stdout.write(JSON.stringify(times));
