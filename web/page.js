// The page: takes logs, lets the worker read them, shows what came of it.
const $ = (id) => document.getElementById(id);
const MOST_ROWS = 200;  // of stories at once

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, className, act) {
  const made = element('button', className, text);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

const number = (value) => value.toLocaleString(language);

function size(bytes) {
  for (const [unit, factor] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

// ---- the worker ----

const asked = new Map();
let worker = null;
let nextId = 0;

function ask(type, more = {}) {
  const id = nextId++;
  return new Promise((done, refused) => {
    asked.set(id, {done, refused});
    worker.postMessage({type, id, ...more});
  });
}

class Trap extends Error {}
class Stopped extends Error {}

function startWorker() {
  if (worker) worker.terminate();
  for (const {refused} of asked.values()) refused(new Stopped());
  asked.clear();
  const address = URL.createObjectURL(new Blob([$('worker').textContent], {type: 'text/javascript'}));
  worker = new Worker(address);
  worker.onmessage = ({data}) => {
    if (data.type === 'progress') return showProgress(data);
    const {done, refused} = asked.get(data.id) || {};
    asked.delete(data.id);
    if (!done) return undefined;
    if (data.type === 'answer') return done(data.value);
    return refused(data.type === 'trap' ? new Trap(data.what) : new Error(data.what));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const all = [...asked.values()];
    asked.clear();
    all.forEach(({refused}) => refused(new Trap(event.message)));
  };
  const ready = ask('start', {packed: $('module').textContent, texts: $('texts').textContent});
  ready.then(() => {
    URL.revokeObjectURL(address);
    document.documentElement.dataset.ready = Math.round(performance.now());
  }, (error) => error instanceof Stopped || say(words('unable', error.message)));
}

// ---- what is seen ----

let logs = [];
let list = null;
let chosen = -1;  // a story; -1: all of them added up

function show(section) {
  for (const id of ['start', 'work', 'result']) $(id).hidden = id !== section;
  $('again').hidden = section === 'start';
}

function say(text) {
  $('notice').textContent = text;
  $('notice').hidden = !text;
}

const announce = (text) => { $('said').textContent = text; };

function showProgress({done, total, found}) {
  $('bar').value = total > 0 ? Math.round(done / total * 1000) : 0;
  $('far').textContent = words('far', size(done), size(total), number(found));
}

function fail(error) {
  if (error instanceof Stopped) return;
  if (error instanceof Trap) {
    list = null;
    startWorker();
    show('start');
    say(words('trap'));
  } else {
    say(words('failed', error.message));
  }
}

// JSON is the same in every language.
const inquiry = (format) => {
  const of = format === 'json' ? 'en' : language;
  const wrong = {packed: WORDS[of].packed, damaged: WORDS[of].damaged};
  return {logs, format, words: wrong, language: of};
};

async function read(format, doing) {
  say('');
  $('doing').textContent = doing;
  showProgress({done: 0, total: logs.reduce((sum, log) => sum + log.blob.size, 0), found: 0});
  return ask('read', inquiry(format));
}

// What takes long is shown as work; what does not, does not flicker.
async function atWork(work) {
  const timer = setTimeout(() => show('work'), 150);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

async function explain(given, at) {
  if (given.length === 0) return;
  logs = given;
  const doing = given.length === 1 ? words('reading', given[0].name)
                                   : words('readingMany', given.length);
  try {
    list = await atWork(() => read('list', doing));
    await showList(at);
  } catch (error) {
    fail(error);
  }
}

function tags(story) {
  const line = element('span', 'tags');
  const tag = (text, className) => line.append(element('span', `tag ${className || ''}`, text));
  tag(story.cause || words('undetermined'), story.verdict === 'undetermined' ? '' : 'cause');
  if (story.verdict !== 'undetermined') tag(words(story.verdict), story.verdict);
  if (story.panic) tag(words('panic'), 'bad');
  if (story.unverified) tag(words('unverified'), 'warn');
  if (story.killed > 0) tag(story.killed === 1 ? words('killed1') : words('killed', number(story.killed)));
  if (story.events > 1) tag(words('events', number(story.events)));
  return line;
}

function row(story, index) {
  const item = element('li');
  const made = button('', 'story-row', () => choose(index));
  made.dataset.index = index;
  made.append(element('span', 'when', [story.when, story.host].filter(Boolean).join(' · ') || story.place),
      element('span', 'title', story.title), tags(story));
  item.append(made);
  return item;
}

function addRows() {
  const rows = $('stories');
  const from = rows.querySelectorAll('[data-index]:not([data-index="-1"])').length;
  list.stories.slice(from, from + MOST_ROWS)
      .forEach((story, i) => rows.append(row(story, from + i)));
  $('more').hidden = from + MOST_ROWS >= list.stories.length;
}

async function showList(at) {
  const {stories, events} = list;
  const many = stories.length > 1;
  $('count').textContent = events === 0 ? words('count0') :
      events === 1 ? words('count1') :
      stories.length === 1 && list.left_out === 0 ? words('countOneStory', number(events)) :
      events === stories.length ? words('count', number(events)) :
      words('countStories', number(events), number(stories.length + list.left_out));
  const remarks = list.remarks.slice();
  if (list.left_out > 0) remarks.push(words('leftOut', number(list.left_out)));
  $('remarks').replaceChildren(...remarks.map((text) => element('li', '', text)));
  $('stories').replaceChildren();
  if (many) {
    const item = element('li');
    const made = button(words('overview'), 'story-row', () => choose(-1));
    made.dataset.index = -1;
    item.append(made);
    $('stories').append(item);
  }
  addRows();
  $('list').hidden = !many;
  $('all').hidden = events < 2;
  $('result').classList.toggle('alone', !many);
  show('result');
  announce($('count').textContent);
  if (at !== undefined && at < stories.length) return choose(at, false);
  await choose(stories.length === 1 ? 0 : -1, false);
  $('count').focus({preventScroll: true});
  return scrollTo(0, 0);
}

async function choose(index, move = true) {
  try {
    const html = index < 0 ? list.summary : await ask('part', {index});
    chosen = index;
    // Escaped by the module; the policy of this page lets no script of it run.
    $('report').innerHTML = html;
    enliven($('report'));
    for (const each of $('stories').querySelectorAll('[data-index]')) {
      each.toggleAttribute('aria-current', Number(each.dataset.index) === index);
    }
    $('tools').hidden = index < 0;
    if (move) {
      $('report').focus({preventScroll: true});
      const narrow = matchMedia('(max-width: 899px)').matches;
      if (narrow || $('report').getBoundingClientRect().top < 0) {
        $('tools').scrollIntoView({block: 'start'});
      }
    }
  } catch (error) {
    fail(error);
  }
}

// ---- taking it away ----

function save(blob, name) {
  const link = element('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function copy(text, from) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // not asked by the user, or no right to
    const area = element('textarea', 'unseen');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    from.focus();
    if (!done) return say(words('notCopied'));
  }
  const before = from.textContent;
  from.textContent = words('copied');
  announce(words('copied'));
  setTimeout(() => { from.textContent = before; }, 1500);
  return undefined;
}

const baseName = () => `whyoom-${(logs[0] || {name: 'log'}).name.replace(/[^\w.-]+/g, '_')}`;
const TYPES = {html: 'text/html', markdown: 'text/markdown', json: 'application/json'};
const ENDS = {html: 'html', markdown: 'md', json: 'json'};

async function story(format) {
  return ask('story', {index: chosen, format, again: inquiry('json')});
}

async function saveAll(format, label) {
  try {
    const blob = await atWork(() => read(format, words('writing', label)));
    show('result');
    save(new Blob([blob], {type: TYPES[format]}), `${baseName()}.${ENDS[format]}`);
  } catch (error) {
    fail(error);
  }
}

function makeTools() {
  const guarded = (work) => async ({currentTarget}) => work(currentTarget).catch(fail);
  $('allTools').replaceChildren();
  $('tools').replaceChildren(
      button(words('saveHtml'), 'plain', guarded(async () => save(
          new Blob([await story('html')], {type: TYPES.html}), `${baseName()}-${chosen + 1}.html`))),
      button(words('copyMarkdown'), 'plain', guarded(async (from) => copy(await story('markdown'), from))),
      button(words('copyJson'), 'plain', guarded(async (from) => copy(await story('json'), from))));
  for (const [format, label] of [['html', 'saveAllHtml'], ['markdown', 'saveAllMarkdown'], ['json', 'saveAllJson']]) {
    const made = button(words(label), 'plain', () => saveAll(format, words(label)));
    made.setAttribute('aria-label', words('saveAll', words(label)));
    $('allTools').append(made);
  }
}

// ---- ways in ----

const ofFiles = (files) => [...files].map((file) => ({name: file.name, blob: file}));
const ofText = (text) => [{name: words('pasted'), blob: new Blob([text])}];

async function unpackedExample(name) {
  return {name, blob: new Blob([await ask('unpack', {packed: $(`example:${name}`).textContent})])};
}

function makeExamples() {
  $('examples').replaceChildren();
  for (const {id} of document.querySelectorAll('script[id^="example:"]')) {
    const name = id.slice('example:'.length);
    const made = button('', 'example',
        () => unpackedExample(name).then((log) => explain([log])).catch(fail));
    made.append(element('strong', '', words(`example.${name}`)),
        element('span', 'dim', words(`example.${name}.about`)));
    const item = element('li');
    item.append(made);
    $('examples').append(item);
  }
}

function listen() {
  $('choose').addEventListener('click', () => $('files').click());
  $('files').addEventListener('change', ({target}) => {
    explain(ofFiles(target.files));
    target.value = '';
  });
  $('paste').addEventListener('submit', (event) => {
    event.preventDefault();
    explain(ofText($('text').value));
  });
  $('again').addEventListener('click', () => {
    startWorker();  // its memory goes
    list = null;
    logs = [];
    say('');
    show('start');
    $('main').focus();
  });
  $('stop').addEventListener('click', () => {
    startWorker();
    list = null;
    show('start');
    announce(words('stopped'));
  });
  $('more').addEventListener('click', addRows);
  addEventListener('paste', (event) => {
    if (event.target instanceof HTMLTextAreaElement && event.clipboardData.files.length === 0) return;
    const {files} = event.clipboardData;
    const text = event.clipboardData.getData('text');
    if (files.length === 0 && !text.trim()) return;
    event.preventDefault();
    explain(files.length > 0 ? ofFiles(files) : ofText(text));
  });
  let depth = 0;
  addEventListener('dragenter', () => { depth++; $('over').hidden = false; });
  addEventListener('dragleave', () => { if (--depth <= 0) { depth = 0; $('over').hidden = true; } });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    $('over').hidden = true;
    const text = event.dataTransfer.getData('text');
    explain(event.dataTransfer.files.length > 0 ? ofFiles(event.dataTransfer.files)
                                                : text ? ofText(text) : []);
  });
  $('stories').addEventListener('keydown', (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    const rows = [...$('stories').querySelectorAll('button')];
    const at = rows.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    rows[Math.min(Math.max(at + step, 0), rows.length - 1)].focus();
  });
}

// All words of the page in its language. What was read is read again: so are the reports.
function speak() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
  for (const each of document.querySelectorAll('[data-word]')) each.textContent = words(each.dataset.word);
  for (const each of document.querySelectorAll('[data-label]')) {
    each.setAttribute('aria-label', words(each.dataset.label));
  }
  makeTools();
  makeExamples();
}

$('language').addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh';
  speak();
  say('');
  if (list) explain(logs, chosen);
});
speak();
listen();
show('start');
startWorker();
