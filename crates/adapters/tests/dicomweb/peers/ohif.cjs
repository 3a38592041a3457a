// The OHIF viewer in a real Chromium, with the pages that the service shows beside itself.
//
//   node ohif.cjs BASE STUDY PICTURE
//
// Opens the list of studies and a study, and holds that an image is drawn, that it changes when the series is scrolled, and that
// nothing is asked of anybody else. Needs `playwright-core` (NODE_PATH). Exit status: 0 when all of that holds.

const { chromium } = require('playwright-core');

const [base, study, picture] = process.argv.slice(2);
const LIMIT = { timeout: 90_000 };

/// How many different shades the largest canvas shows, and a sum that changes with them.
function shades() {
  const all = [...document.querySelectorAll('canvas')].sort((a, b) => b.width * b.height - a.width * a.height);
  const canvas = all[0];
  if (!canvas || canvas.width < 100) return { count: 0, sum: 0 };
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const data = context.getImageData(0, 0, copy.width, copy.height).data;
  const seen = new Set();
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) { seen.add(data[at]); sum += data[at]; }
  return { count: seen.size, sum };
}

async function walk() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  try {
    return await look(page);
  } finally {
    if (picture) await page.screenshot({ path: picture });
    await browser.close();
  }
}

async function look(page) {
  const faults = [];
  page.on('request', request => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== base) faults.push(`asked of ${origin}`);
  });
  page.on('pageerror', error => faults.push(`page error: ${error.message}`));

  await page.goto(`${base}/`);
  await page.getByText('Muster', { exact: false }).first().waitFor(LIMIT);

  await page.goto(`${base}/viewer?StudyInstanceUIDs=${study}`);
  await page.locator('canvas').first().waitFor(LIMIT);
  await page.waitForFunction(`(${shades})().count > 20`, null, LIMIT);
  const first = await page.evaluate(shades);
  await page.getByText('Skip all').click(LIMIT);
  const box = await page.locator('canvas').first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, 120);
  await page.waitForFunction(`(${shades})().sum !== ${first.sum}`, null, LIMIT);
  return faults;
}

walk().then(
  faults => { faults.forEach(one => console.log(one)); process.exit(faults.length > 0 ? 1 : 0); },
  error => { console.log(String(error)); process.exit(1); },
);
