// Looks at pages in a real Chromium and compares them with how they looked before.
//
//   node pictures.cjs BASE KEPT COOKIE SITE PAGE...
//
// BASE is the console's address, COOKIE that of somebody who is logged in, SITE the folder of the site. KEPT is the
// folder with a file for each page and view: the grey of each square of EDGE by EDGE pixels. What changes from run to
// run (digits, secrets, the site's folder, charts) is made alike before, and letters come from a font of the tests.
// KLINKE_WRITE=1 writes KEPT anew. KLINKE_PICTURES names a folder for the whole pictures and, of pages that differ,
// a picture of where.
// Exit status: 0 alike, 1 differences, told in a line each.

const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');

const [base, kept, cookie, site, ...pages] = process.argv.slice(2);
const writes = process.env.KLINKE_WRITE === '1';
const pictures = process.env.KLINKE_PICTURES;

const EDGE = 8;
/// A square differs from so many greys on; letters that are drawn anew differ less.
const GREYS = 24;
/// So many squares in a thousand may differ.
const SQUARES = 10;
/// A phone's page is looked at down to here.
const DOWN_MAX = 2400;
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const VIEWS = [
  { name: 'desk-en', viewport: DESK, locale: 'en-US', colorScheme: 'light' },
  { name: 'desk-de-dark', viewport: DESK, locale: 'de-DE', colorScheme: 'dark' },
  { name: 'phone-de', viewport: PHONE, locale: 'de-DE', colorScheme: 'light' },
  { name: 'phone-en-dark', viewport: PHONE, locale: 'en-US', colorScheme: 'dark' },
];

function fonts() {
  const file = (family, weight) => {
    const folder = path.dirname(require.resolve(`@fontsource/${family}/package.json`));
    return fs.readFileSync(path.join(folder, 'files', `${family}-latin-${weight}-normal.woff2`)).toString('base64');
  };
  const face = (name, family, weight) =>
    `@font-face { font-family: ${name}; font-weight: ${weight}; src: url(data:font/woff2;base64,${file(family, weight)}); }`;
  return [
    face('kept', 'noto-sans', 400), face('kept', 'noto-sans', 700), face('kept-mono', 'noto-sans-mono', 400),
    'html, button, input, select, textarea { font-family: kept, sans-serif !important; }',
    ':root { --mono: kept-mono, monospace !important; }',
    // Signs come from whatever font of the machine has them.
    '.state::before { content: "" !important; display: inline-block; width: .7em; height: .7em; background: currentColor; }',
    '.chart { height: 10rem; overflow: hidden; } .chart > :not(h2) { display: none !important; }',
  ].join('\n');
}

/// Makes alike what changes from run to run.
function settle(site) {
  const secret = /\b[A-Z2-7]{4}(\s[A-Z2-7]{4}){3,}\b/g;
  const alike = text => text.replaceAll(site, '/site').replace(secret, '0').replace(/\b[0-9a-f]{8,}\b/gi, '0').replace(/\d[\d.,:]*/g, '0');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = alike(node.nodeValue);
    if (text !== node.nodeValue) node.nodeValue = text;
  }
  for (const one of document.querySelectorAll('input, textarea')) {
    if (/date|time/.test(one.type)) one.value = '';
    if (['text', 'search', 'textarea'].includes(one.type)) one.value = alike(one.value);
  }
}

/// The greys of a picture's squares, worked out in a page.
async function squares(bench, png, edge) {
  return bench.evaluate(async ([url, edge]) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const [width, height] = [Math.floor(image.width / edge), Math.floor(image.height / edge)];
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const greys = new Array(width * height).fill(0);
    for (let y = 0; y < height * edge; y += 1) {
      for (let x = 0; x < width * edge; x += 1) {
        const at = 4 * (y * image.width + x);
        greys[Math.floor(y / edge) * width + Math.floor(x / edge)] += (data[at] * 3 + data[at + 1] * 6 + data[at + 2]) / 10;
      }
    }
    return { width, height, greys: greys.map(sum => Math.round(sum / edge / edge)) };
  }, [`data:image/png;base64,${png.toString('base64')}`, edge]);
}

/// Greys as a picture, a pixel each.
async function drawn(bench, { width, height, greys }) {
  const url = await bench.evaluate(async ([width, height, greys]) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d'), image = context.createImageData(width, height);
    greys.forEach((grey, at) => image.data.set([grey, grey, grey, 255], 4 * at));
    context.putImageData(image, 0, 0);
    return canvas.toDataURL('image/png');
  }, [width, height, greys]);
  return Buffer.from(url.split(',')[1], 'base64');
}

/// What differs between two pictures, in a sentence, and where; nothing when they are alike.
function difference(before, now) {
  if (before.width !== now.width) return { text: `it is ${now.width * EDGE} pixels wide, and was ${before.width * EDGE}` };
  if (Math.abs(before.height - now.height) > 3) return { text: `it is ${now.height * EDGE} pixels high, and was ${before.height * EDGE}` };
  const count = before.width * Math.min(before.height, now.height);
  const where = Array.from({ length: count }, (_, at) => Math.abs(before.greys[at] - now.greys[at]) >= GREYS);
  const many = where.filter(Boolean).length;
  if (many * 1000 <= count * SQUARES) return null;
  const first = where.indexOf(true);
  const [x, y] = [first % before.width, Math.floor(first / before.width)].map(one => one * EDGE);
  return { text: `${many} of ${count} squares differ, the first one at ${x}, ${y}`, where: { width: before.width, height: count / before.width, greys: where.map(one => (one ? 255 : 0)) } };
}

async function look(context, bench, view, address, style) {
  const page = await context.newPage();
  await page.goto(base + address, { waitUntil: 'load', timeout: 20000 });
  await page.addStyleTag({ content: style });
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(100);
  await page.evaluate(settle, site);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width: view.viewport.width, height: Math.min(Math.max(height, view.viewport.height), DOWN_MAX) };
  const png = await page.screenshot({ clip, fullPage: true, animations: 'disabled', caret: 'hide' });
  await page.close();
  const name = `${view.name}-${address.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '') || 'today'}`;
  if (pictures) fs.writeFileSync(path.join(pictures, `${name}.png`), png);
  const now = await squares(bench, png, EDGE);
  const file = path.join(kept, `${name}.png`);
  if (writes) return void fs.writeFileSync(file, await drawn(bench, now));
  if (!fs.existsSync(file)) return `${name}: nothing is kept of it`;
  const differs = difference(await squares(bench, fs.readFileSync(file), 1), now);
  if (differs && differs.where && pictures) fs.writeFileSync(path.join(pictures, `${name}.where.png`), await drawn(bench, differs.where));
  return differs && `${name}: ${differs.text}`;
}

(async () => {
  for (const folder of [writes && kept, pictures].filter(Boolean)) fs.mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run', '--font-render-hinting=none', '--disable-lcd-text'] });
  const bench = await browser.newPage();
  const style = fonts(), faults = [];
  for (const view of VIEWS) {
    const open = heads => browser.newContext({ ...view, bypassCSP: true, extraHTTPHeaders: heads });
    const [stranger, inside] = [await open({}), await open({ cookie })];
    for (const address of pages) {
      const fault = await look(address === '/login' ? stranger : inside, bench, view, address, style);
      if (fault) faults.push(fault);
    }
    await Promise.all([stranger.close(), inside.close()]);
  }
  await browser.close();
  for (const one of faults) console.log(one);
  process.exit(faults.length ? 1 : 0);
})().catch(error => { console.error(error); process.exit(1); });
