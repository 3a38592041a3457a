// Walks through the console as people do, in a real Chromium: every page, in both languages, on a desk and
// on a phone, light and dark, with the keyboard alone and without scripts.
//
//   node walk.cjs BASE [--code CODE [--name NAME]] [--pictures FOLDER] [--chromium FILE]
//
// BASE is the console's address. Where it asks for a log-in, CODE is the one-time code that `klinke serve`
// tells, or `klinke people add` for NAME, and the walk begins its account with it. Needs `playwright-core` and `axe-core` (NODE_PATH).
// Exit status: 0 nothing found, 1 faults, told one a line.
//
// Of every page it holds: status 200; no error in the browser's console; nothing from elsewhere; at most
// 300 kB, frames of the viewer aside; nothing wider than the screen; no finding of axe-core; every control reached with Tab, and seen
// when it is; text without scripts. Pages are found by following links; of those that differ in a number or
// a name alone, some are looked at.

const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const BYTES_MAX = 300 * 1024;
const PAGES_MAX = 80;
const ALIKE_MAX = 2;
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const VIEWS = [
  { name: 'desk-en', viewport: DESK, locale: 'en-US', colorScheme: 'light', keyboard: true },
  { name: 'desk-de-dark', viewport: DESK, locale: 'de-DE', colorScheme: 'dark' },
  { name: 'phone-de', viewport: PHONE, locale: 'de-DE', colorScheme: 'light' },
  { name: 'phone-en-dark', viewport: PHONE, locale: 'en-US', colorScheme: 'dark' },
];
const HEADS = {
  'content-security-policy': /default-src 'none'/,
  'x-content-type-options': /^nosniff$/,
  'referrer-policy': /no-referrer|same-origin/,
  'x-frame-options': /DENY/i,
  'cache-control': /no-store/,
};

function options() {
  const [base, ...rest] = process.argv.slice(2);
  const given = name => { const at = rest.indexOf(name); return at < 0 ? undefined : rest[at + 1]; };
  if (!base) { console.error('walk.cjs BASE [--code CODE [--name NAME]] [--pictures FOLDER] [--chromium FILE]'); process.exit(2); }
  return {
    base: base.replace(/\/$/, ''), code: given('--code'), name: given('--name') || 'walker', pictures: given('--pictures'),
    chromium: given('--chromium') || '/usr/bin/chromium',
  };
}

const faults = [];
const fault = (where, what) => faults.push(`${where}: ${what}`);

/// What pages alike have in common: numbers, hashes and names of channels and systems do not count.
function kind(url) {
  const { pathname, searchParams } = new URL(url);
  const keys = [...new Set(searchParams.keys())].sort().join(',');
  return pathname.replace(/\/(studies|instances)\/[^/]+/g, '/$1/X').replace(/\/\d+/g, '/N').replace(/^\/(systems|channels|migrations)\/[^/]+/, '/$1/X') + '?' + keys;
}

/// One page, looked at in one view.
async function look(context, view, url, pictures) {
  const page = await context.newPage();
  const where = `${view.name} ${url.pathname}${url.search}`;
  let bytes = 0;
  page.on('console', said => { if (said.type() === 'error') fault(where, `the browser says: ${said.text()}`); });
  page.on('pageerror', error => fault(where, `a script broke: ${error.message}`));
  page.on('request', asked => { if (new URL(asked.url()).origin !== url.origin) fault(where, `asks ${asked.url()}`); });
  page.on('response', async answer => { try { if (/\/frames\//.test(answer.url())) return; bytes += (await answer.body()).length; } catch { /* a stream */ } });
  const answer = await page.goto(url.href, { waitUntil: 'domcontentloaded', timeout: 20000 });
  if (answer.status() !== 200) fault(where, `status ${answer.status()}`);
  const heads = answer.headers();
  for (const [name, right] of Object.entries(HEADS)) {
    if (!right.test(heads[name] || '')) fault(where, `${name} is ${heads[name]}`);
  }
  await page.waitForTimeout(150);
  if (bytes > BYTES_MAX) fault(where, `${bytes} bytes`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) fault(where, `${wide} pixels wider than the screen`);
  await axe(page, where);
  if (pictures) {
    const file = `${url.pathname}${url.search}`.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '').slice(0, 80) || 'today';
    await page.screenshot({ path: path.join(pictures, `${view.name}-${file}.png`), fullPage: view.viewport === PHONE });
  }
  const links = await page.$$eval('a[href]', all => all.map(one => new URL(one.getAttribute('href'), document.baseURI).href));
  if (view.keyboard) await keyboard(page, where);
  await page.close();
  return links;
}

async function axe(page, where) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return result.violations.map(one => ({ id: one.id, help: one.help, nodes: one.nodes.map(node => node.html.slice(0, 160)) }));
  });
  for (const one of found) fault(where, `${one.id} (${one.help}), ${one.nodes.length} times, as ${one.nodes[0]}`);
}

/// Goes through a page with Tab: everything that can be used is reached, and shows that it is.
async function keyboard(page, where) {
  const usable = await page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')];
    const seen = all.filter(one => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }) && !one.closest('details:not([open]) > :not(summary)'));
    // Of radio buttons of one name the keyboard reaches one.
    const names = new Set();
    return seen.filter(one => one.type !== 'radio' || (!names.has(one.name) && names.add(one.name))).length;
  });
  const steps = Math.min(usable, 150);
  const named = await page.evaluate(() => Boolean(document.querySelector('nav')) && document.activeElement === document.body);
  let rounds = 0;
  const reached = new Set();
  // Some controls, as those for times, have several stops.
  for (let step = 0; step < 3 * steps && reached.size < steps; step += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body) return null;
      if (!one.dataset.walk) one.dataset.walk = String(++window.walked || (window.walked = 1));
      const style = getComputedStyle(one), box = one.getBoundingClientRect();
      const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
      const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
      return { id: one.dataset.walk, ring, inside, html: one.outerHTML.slice(0, 120), skip: (one.getAttribute('href') || '').startsWith('#') };
    });
    // Behind the last control is the browser's own bar; where a page begins at a field, the rest comes after it.
    if (!at && (rounds += 1) < 2) continue;
    if (!at) { fault(where, `the keyboard falls out of the page after ${reached.size} of ${usable}`); return; }
    if (step === 0 && named && !at.skip) fault(where, `the first stop of the keyboard is no way past the navigation: ${at.html}`);
    if (!at.ring) fault(where, `nothing shows that the keyboard is at ${at.html}`);
    if (!at.inside) fault(where, `the keyboard is out of sight at ${at.html}`);
    reached.add(at.id);
  }
  if (reached.size < steps) fault(where, `the keyboard reaches ${reached.size} of ${usable} controls`);
}

/// Follows links in one view; gives the pages that were looked at.
async function walk(browser, view, state, base, pictures) {
  const context = await browser.newContext({ ...view, storageState: state });
  const open = ['/', '/wall'].map(one => new URL(one, base).href);
  const seen = new Set(open), kinds = new Map(), done = [];
  while (open.length && done.length < PAGES_MAX) {
    const url = new URL(open.shift());
    done.push(url.href);
    for (const link of await look(context, view, url, pictures)) {
      const next = new URL(link);
      next.hash = '';
      const skip = next.origin !== url.origin || /^\/(language|logout|audit\/export)|\/download$|\/documents\//.test(next.pathname);
      if (skip || seen.has(next.href)) continue;
      seen.add(next.href);
      const count = kinds.get(kind(next.href)) || 0;
      kinds.set(kind(next.href), count + 1);
      if (count < (view.keyboard ? ALIKE_MAX : 1)) open.push(next.href);
    }
  }
  await context.close();
  return done;
}

/// Makes the first account, if a code is there; gives what the browser keeps of it.
async function enter(browser, base, { code, name, pictures }) {
  const view = VIEWS[0];
  const context = await browser.newContext(view);
  if (code) {
    await look(context, view, new URL('/login', base), pictures);
    await look(context, view, new URL('/welcome', base), pictures);
    const page = await context.newPage();
    await page.goto(`${base}/welcome`, { waitUntil: 'domcontentloaded' });
    await page.fill('#code', code);
    await page.fill('#name', name);
    await page.fill('#password', 'a walk through all rooms');
    await page.fill('#again', 'a walk through all rooms');
    await Promise.all([page.waitForURL('**/account'), page.click('form button[type=submit], form button:not([type])')]);
    await page.close();
  }
  const state = await context.storageState();
  await context.close();
  return state;
}

/// Without scripts every page still has its text.
async function without_scripts(browser, state, pages) {
  const context = await browser.newContext({ ...VIEWS[0], javaScriptEnabled: false, storageState: state });
  const page = await context.newPage();
  for (const url of pages) {
    const answer = await page.goto(url, { waitUntil: 'domcontentloaded' });
    const text = await page.locator('main').innerText();
    if (answer.status() !== 200 || text.trim().length < 20) fault(`without scripts ${url}`, 'no text');
  }
  await context.close();
}

(async () => {
  const { base, code, name, pictures, chromium: executablePath } = options();
  if (pictures) fs.mkdirSync(pictures, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'] });
  const state = await enter(browser, base, { code, name, pictures });
  let first = [];
  for (const view of VIEWS) {
    const pages = await walk(browser, view, state, base, pictures);
    console.log(`${view.name}: ${pages.length} pages`);
    if (!first.length) first = pages;
  }
  await without_scripts(browser, state, first);
  await browser.close();
  for (const one of [...new Set(faults)]) console.log(one);
  console.log(faults.length ? `${faults.length} faults` : 'nothing found');
  process.exit(faults.length ? 1 : 0);
})().catch(error => { console.error(error); process.exit(1); });
