// Draws the pictures that pictures.py wants.
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const {WHYOOM_PAGE, WHYOOM_REPORTS, WHYOOM_FOLDER, WHYOOM_EXAMPLES, WHYOOM_PICTURES, WHYOOM_MODULES,
       WHYOOM_CHROMIUM} = process.env;
const {chromium} = createRequire(join(WHYOOM_MODULES, 'x.js'))('playwright-core');
const browser = await chromium.launch({executablePath: WHYOOM_CHROMIUM, timeout: 0,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']});
const examples = ['min-free-killed.log', 'min-free-panic.log', 'memory-exhausted.log'];

for (const {file, what, lang, theme, width, height, whole, to} of JSON.parse(WHYOOM_PICTURES)) {
  const context = await browser.newContext({viewport: {width, height}, colorScheme: theme,
    locale: lang === 'zh' ? 'zh-CN' : 'en-US', reducedMotion: 'reduce'});
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  if (what === 'page') {
    await page.goto(pathToFileURL(WHYOOM_PAGE).href);
    await page.locator('html[data-ready]').waitFor();
    await page.locator('#files').setInputFiles(examples.map((name) => join(WHYOOM_EXAMPLES, name)));
    await page.locator('#result:not([hidden])').waitFor();
    await page.locator('#stories [data-index="0"]').click();
    await page.locator('#report h2').waitFor();
  } else {
    await page.goto(pathToFileURL(join(WHYOOM_REPORTS, `${what}${lang === 'zh' ? '.zh' : ''}.html`)).href);
  }
  if (whole) for (const each of await page.locator('summary').all()) await each.click();
  if (to) await page.locator('h3', {hasText: to}).first().evaluate((each) => each.scrollIntoView());
  await page.screenshot({path: join(WHYOOM_FOLDER, `${file}.png`), fullPage: Boolean(whole)});
  await context.close();
}
await browser.close();
