// Passkeys in a real browser, with Chromium's own authenticator (WebAuthn.addVirtualAuthenticator):
//
//   NODE_PATH=…/node_modules node passkey.cjs http://localhost:8443 --name NAME --password PASSWORD
//
// Somebody registers a passkey, comes in with it, comes in with nothing less, and takes it away again. The
// address must be the one that `[console] address` says. Needs the packages `playwright-core` and `axe-core`.

const fs = require('fs');
const { chromium } = require('playwright-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [base, ...rest] = process.argv.slice(2);
const given = (name, otherwise) => { const at = rest.indexOf(name); return at < 0 ? otherwise : rest[at + 1]; };
const name = given('--name', 'walker'), password = given('--password', 'a walk through all rooms');

const faults = [];
const holds = (what, is) => { console.log(`${is ? 'ok  ' : 'NOT '} ${what}`); if (!is) faults.push(what); };

async function axe(page, where) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations.map(one => `${one.id} ${one.nodes[0].html.slice(0, 120)}`));
  holds(`axe-core finds nothing on ${where} ${found.join(' ')}`, found.length === 0);
}

/// Goes to the log-in and presses the button of passkeys; gives where that leads to, or what is said.
async function with_passkey(page) {
  await page.goto(`${base}/login?to=%2Faccount`, { waitUntil: 'load' });
  const said = page.locator('form[data-passkey=get] [data-said]');
  await page.click('form[data-passkey=get] button');
  await Promise.race([
    page.waitForURL(url => url.pathname !== '/login', { timeout: 15000 }),
    page.waitForFunction(() => document.querySelector('[data-said]')?.textContent, null, { timeout: 15000 }),
  ]);
  await page.waitForLoadState('load');
  const path = new URL(page.url()).pathname;
  return path === '/login' ? `said: ${await said.innerText()}` : path;
}

async function log_out(page) {
  await page.click('form[action="/logout"] button');
  await page.waitForURL('**/login');
}

async function register(page, title, secret) {
  await page.goto(`${base}/account`, { waitUntil: 'load' });
  await page.fill('#passkey-title', title);
  await page.fill('#password-passkey', secret);
  await page.click('form[data-passkey=create] button');
  await Promise.race([
    page.waitForURL('**/account?done=passkey', { timeout: 15000 }),
    page.waitForFunction(() => document.querySelector('[data-said]')?.textContent, null, { timeout: 15000 }),
  ]);
}

(async () => {
  const browser = await chromium.launch({ executablePath: given('--chromium', '/usr/bin/chromium'), args: ['--no-sandbox', '--disable-gpu'] });
  const context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  page.on('pageerror', error => holds(`a script broke: ${error.message}`, false));
  page.on('console', said => { if (/Content Security Policy/.test(said.text())) holds(said.text(), false); });
  await page.goto(`${base}/login?to=%2Faccount`, { waitUntil: 'load' });
  holds('the log-in offers passkeys', await page.isVisible('form[data-passkey=get] button'));
  await axe(page, 'the log-in');
  await page.fill('#name', name);
  await page.fill('#password', password);
  await page.click('form[action="/login"] button');
  await page.waitForURL('**/account');

  const devices = await context.newCDPSession(page);
  await devices.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await devices.send('WebAuthn.addVirtualAuthenticator', { options });

  await register(page, 'Telephone', 'not my password');
  holds('a wrong password registers none', /not right/.test(await page.innerText('form[data-passkey=create] [data-said]')));
  await register(page, 'Telephone', password);
  holds('a passkey is registered', page.url().endsWith('/account?done=passkey') && (await page.innerText('main')).includes('Telephone'));
  await axe(page, 'the account with a passkey');
  await register(page, 'Again', password);
  holds('the same authenticator registers no second one', /broken off/.test(await page.innerText('form[data-passkey=create] [data-said]')));
  for (const [lang, width] of [['de', 390], ['en', 390]]) {
    await page.setViewportSize({ width, height: 844 });
    await page.goto(`${base}/account?lang=${lang}`, { waitUntil: 'load' });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    holds(`the account fits a telephone (${lang})`, wide <= 0);
    await axe(page, `the account (${lang})`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });

  await log_out(page);
  holds('the passkey lets its owner in', await with_passkey(page) === '/account');
  holds('the session says how', (await page.innerText('main')).includes('passkey'));
  await log_out(page);
  await devices.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  holds('nobody comes in who is not verified', (await with_passkey(page)).startsWith('said:'));
  await devices.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });

  // The authenticator is copied, and the copy used where the first one went on.
  const { credentials } = await devices.send('WebAuthn.getCredentials', { authenticatorId });
  holds('it is one passkey that is found by itself', credentials.length === 1 && credentials[0].isResidentCredential);
  holds('it knows no name', !Buffer.from(credentials[0].userHandle, 'base64').toString().includes(name));
  await devices.send('WebAuthn.clearCredentials', { authenticatorId });
  await devices.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credentials[0], signCount: 0 } });
  const copied = await with_passkey(page);
  holds(`a copy that counts backwards is refused (${copied})`, copied === '/login/passkey' && (await page.innerText('main')).includes('not right'));
  await devices.send('WebAuthn.clearCredentials', { authenticatorId });
  await devices.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credentials[0], signCount: credentials[0].signCount + 5 } });
  holds('the first one still lets its owner in', await with_passkey(page) === '/account');

  await page.fill('#password-passkey-gone', password);
  await page.click('form[action="/account/passkeys"]:not([data-passkey]) button');
  await page.waitForURL('**/account?done=no-passkey');
  holds('it is taken away', !(await page.innerText('main')).includes('Telephone'));
  await log_out(page);
  holds('what was taken away opens nothing', await with_passkey(page) === '/login/passkey');
  await page.fill('#name', name);
  await page.fill('#password', password);
  await page.click('form[action="/login"] button');
  await page.waitForURL(url => url.pathname !== '/login');
  holds('the password still does', await page.isVisible('form[action="/logout"] button'));

  const bare = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await bare.goto(`${base}/login`);
  holds('without scripts there is the password alone', await bare.isVisible('#password') && !await bare.isVisible('form[data-passkey=get]'));
  await browser.close();
  console.log(faults.length ? `${faults.length} faults` : 'nothing found');
  process.exit(faults.length ? 1 : 0);
})().catch(error => { console.error(error); process.exit(1); });
