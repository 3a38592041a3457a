// Looks at a study as people do, in a real Chromium: windows, scrolls, measures, compares, reads a report; with a mouse
// and with fingers.
//
//   node viewer.cjs ADDRESS STUDY [FOLDER]
//
// ADDRESS is the whole address of a signed link to STUDY, a study of slices of 64 by 64 pixels: slice N has the value
// 100 N - 1024 in its left half and 100 N + 500 - 1024 in its right one. Pictures of the screen go to FOLDER.
// Exit status: 0 all held, 1 a fault, told in a line.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');

const [address, study, folder] = process.argv.slice(2);
const faults = [];

/// The grey of the canvas at a part of its width and height.
const grey = (page, across, down, pane = 0) => page.evaluate(([across, down, pane]) => {
  const canvas = document.querySelectorAll('.pane canvas')[pane];
  const [red, green, blue] = canvas.getContext('2d').getImageData(canvas.width * across, canvas.height * down, 1, 1).data;
  if (red !== green || green !== blue) throw new Error(`not grey: ${red} ${green} ${blue}`);
  return red;
}, [across, down, pane]);

const corner = (page, name, pane = 0) => page.locator('.pane').nth(pane).locator(`.corner.${name}`).innerText();
const settled = page => page.waitForTimeout(250);

async function open(browser, view) {
  const context = await browser.newContext(view);
  const page = await context.newPage();
  page.on('console', said => { if (said.type() === 'error') faults.push(`the browser says: ${said.text()}`); });
  page.on('pageerror', error => faults.push(`a script broke: ${error.message}`));
  page.on('request', asked => { if (new URL(asked.url()).origin !== new URL(address).origin) faults.push(`asks ${asked.url()}`); });
  const answer = await page.goto(address, { waitUntil: 'load' });
  assert.equal(answer.status(), 200);
  await page.waitForFunction(() => /1\/3/.test(document.querySelector('.corner.br')?.textContent));
  await settled(page);
  return page;
}

async function desk(browser) {
  const page = await open(browser, { viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  assert.match(await corner(page, 'tl'), /Muster, Berta/);
  assert.match(await corner(page, 'bl'), /W 400 L 40[^]*PixelSpacing/);
  assert.equal(await corner(page, 'right'), 'L');
  assert.equal(await corner(page, 'left'), 'R');
  // Slice 10: -24 and 476 in a window from -160 to 240.
  assert.ok(Math.abs(await grey(page, 0.45, 0.5) - 87) <= 1, `${await grey(page, 0.45, 0.5)}`);
  assert.equal(await grey(page, 0.55, 0.5), 255);
  assert.equal(await grey(page, 0.02, 0.5), 0);

  // The wheel scrolls: slice 11 is brighter.
  const canvas = page.locator('.pane canvas');
  await canvas.hover();
  await page.mouse.wheel(0, 100);
  await page.waitForFunction(() => /2\/3/.test(document.querySelector('.corner.br').textContent));
  await settled(page);
  assert.ok(Math.abs(await grey(page, 0.45, 0.5) - 151) <= 1, `${await grey(page, 0.45, 0.5)}`);
  assert.match(await corner(page, 'br'), /key image/);

  // A preset: in the window of the lung all of it is white but the air.
  await page.selectOption('#preset', { label: 'Bone' });
  await settled(page);
  const bone = await grey(page, 0.45, 0.5);
  assert.ok(Math.abs(bone - 81) <= 2, `${bone}`);
  // A drag to the right widens the window: what is above its middle gets darker.
  const before = await grey(page, 0.55, 0.5);
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + 300, box.y + 300);
  await page.mouse.down();
  await page.mouse.move(box.x + 460, box.y + 300, { steps: 5 });
  await page.mouse.up();
  await settled(page);
  assert.match(await corner(page, 'bl'), /W 3[67]\d\d L 400/);
  assert.ok(await grey(page, 0.55, 0.5) < before, 'a wider window is flatter');
  await page.click('[data-act="invert"]');
  await settled(page);
  assert.ok(await grey(page, 0.02, 0.5) === 0, 'around the frame it stays black');
  await page.click('[data-act="reset"]');
  await settled(page);
  assert.ok(Math.abs(await grey(page, 0.45, 0.5) - 151) <= 1);

  // The keyboard: back, and to the key image again.
  await canvas.focus();
  await page.keyboard.press('ArrowUp');
  await page.waitForFunction(() => /1\/3/.test(document.querySelector('.corner.br').textContent));
  await page.keyboard.press('k');
  await page.waitForFunction(() => /2\/3/.test(document.querySelector('.corner.br').textContent));

  // A line over half of the frame is 16 mm: 32 pixels of half a millimetre.
  await page.click('[data-tool="measure"]');
  const side = Math.min(box.width, box.height), left = box.x + (box.width - side) / 2, middle = box.y + box.height / 2;
  await page.mouse.move(left + side / 4, middle);
  await page.mouse.down();
  await page.mouse.move(left + side * 3 / 4, middle, { steps: 4 });
  await page.mouse.up();
  await settled(page);
  const said = await page.locator('#said').innerText();
  assert.ok(/^1(5\.9|6\.0|6\.1) mm$/.test(said), said);
  if (folder) await page.screenshot({ path: path.join(folder, 'desk-measure.png') });

  // A zoom with the wheel, and the same place fitted again.
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -300);
  await page.keyboard.up('Control');
  await settled(page);
  const percent = Number((await corner(page, 'bl')).match(/(\d+) %/)[1]);
  await page.click('[data-act="reset"]');
  await settled(page);
  assert.ok(percent > 1.5 * Number((await corner(page, 'bl')).match(/(\d+) %/)[1]), `${percent}`);

  // It plays, and stops.
  await page.selectOption('#rate', '15');
  await page.click('[data-act="cine"]');
  const seen = new Set();
  for (let look = 0; look < 20; look += 1) { seen.add((await corner(page, 'br')).match(/(\d)\/3/)[1]); await page.waitForTimeout(40); }
  await page.click('[data-act="cine"]');
  assert.equal(seen.size, 3, 'it plays all');
  // Key images alone.
  await page.click('[data-act="keys"]');
  await page.waitForFunction(() => /1\/1/.test(document.querySelector('.corner.br').textContent));
  await page.click('[data-act="keys"]');

  // Two panes, and in the second the report.
  await page.click('[data-act="split"]');
  await page.locator('#strip a', { hasText: 'Befund' }).click();
  await page.waitForFunction(() => /Unauffällig/.test(document.querySelectorAll('.pane')[1]?.textContent));
  if (folder) await page.screenshot({ path: path.join(folder, 'desk-report.png') });
  // In the second pane the same series, and both scroll together.
  await page.locator('#strip a').first().click();
  await page.waitForFunction(() => /1\/3/.test(document.querySelectorAll('.corner.br')[1].textContent));
  await page.click('[data-act="linked"]');
  const first = (await corner(page, 'br', 0)).match(/(\d)\/3/)[1];
  await page.locator('.pane canvas').nth(1).focus();
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => /2\/3/.test(document.querySelectorAll('.corner.br')[1].textContent));
  await settled(page);
  assert.equal(Number((await corner(page, 'br', 0)).match(/(\d)\/3/)[1]), Math.min(Number(first) + 1, 3));
  await page.context().close();
}

async function phone(browser) {
  const page = await open(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 3, locale: 'de-DE' });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${wide} pixels wider than the screen`);
  assert.equal(await page.getAttribute('[data-tool="scroll"]', 'aria-pressed'), 'true');
  const touch = await page.context().newCDPSession(page);
  const box = await page.locator('.pane canvas').boundingBox();
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  const send = (type, ...points) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  // A finger that goes down scrolls on.
  await send('touchStart', [x, y]);
  for (let step = 1; step <= 6; step += 1) await send('touchMove', [x, y + step * 10]);
  await send('touchEnd');
  await page.waitForFunction(() => /[23]\/3/.test(document.querySelector('.corner.br').textContent));
  // Two fingers apart zoom in.
  const before = Number((await corner(page, 'bl')).match(/(\d+) %/)[1]);
  await send('touchStart', [x - 30, y], [x + 30, y]);
  for (let step = 1; step <= 6; step += 1) await send('touchMove', [x - 30 - step * 10, y], [x + 30 + step * 10, y]);
  await send('touchEnd');
  await settled(page);
  const after = Number((await corner(page, 'bl')).match(/(\d+) %/)[1]);
  assert.ok(after > 2 * before, `${before} ${after}`);
  if (folder) await page.screenshot({ path: path.join(folder, 'phone.png') });
  await page.context().close();
}

/// Without scripts the strip leads to a picture, and from there to the next one.
async function without_scripts(browser) {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en-US' });
  const page = await context.newPage();
  await page.goto(address);
  await page.locator('#strip a').first().click();
  await page.locator('figure.picture img').waitFor();
  await page.getByRole('link', { name: 'after' }).click();
  assert.match(await page.locator('main').innerText(), /3\/3/);
  await context.close();
}

(async () => {
  if (folder) fs.mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'] });
  await desk(browser);
  await phone(browser);
  await without_scripts(browser);
  await browser.close();
  for (const one of new Set(faults)) console.log(one);
  console.log(faults.length ? `${faults.length} faults` : `the study ${study} was looked at`);
  process.exit(faults.length ? 1 : 0);
})().catch(error => { console.log(error.stack); faults.forEach(one => console.log(one)); process.exit(1); });
