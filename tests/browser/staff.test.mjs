// The staff's pages of both daemons: everything by keyboard without JavaScript, and every kind of page in Swedish and
// English by axe-core light and dark, html-validate, vnu, Lighthouse, at 320 px, in forced colours and on paper. What
// they look like is left in $BUILD/staff.png.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertAccessible, assertLighthouse, assertNoSideways, assertTargets, assertValidHtml, assertVnuClean, radioFill,
} from './checks.mjs';
import { browser, daemons, useBoth, withPage } from './daemons.mjs';
import { Member, PASSWORD, enter, submit, tabTo, type } from './staff.mjs';
import { keepSheet } from './sheet.mjs';

const LONG = Boolean(process.env.LONG);
const LANGUAGES = { sv: 'bo.lind', en: 'cecilia.berg' };
const SCHEMES = ['light', 'dark'];
const WIDE = { width: 1200, height: 900 };
const SMALL = { width: 320, height: 640 };
// As wide as a sheet of A4 within its margins.
const PAPER = { width: 718, height: 1000 };
const REACHED = 'a[href], button, input:not([type=hidden], [hidden]), select, [tabindex="0"]';
const EDGED = 'button, .button, input:not([hidden], [type=checkbox]), select, .fault, .waiting li';
const PURPOSES = {
  name: 'username', password: 'current-password', old: 'current-password', code: 'one-time-code',
  new: 'new-password', again: 'new-password',
};
// What a case system could hand over, with two who have the same number, others in each test; of a wave that nobody is
// in yet.
const WAVE = '2027-2';
const ROW = (n, more) => `T-${n};070174${String(n).padStart(4, '0')};Påhittad Testsson${n};Socialtjänstenheten för vuxna;` +
  `${more ?? 'Ekonomiskt bistånd;47;nej;ja'}`;
const fileOf = (who) => ({
  name: 'Export från verksamhetssystemet 2027-03-01.csv', mimeType: 'text/csv',
  buffer: Buffer.from(['person_id;telefon;namn;enhet;verksamhetsområde;ålder;skyddad;sms_tillåtet',
    ...Array.from({ length: 60 }, (_, n) => ROW(n)), ROW(500 + who), ROW(510 + who).replace(`051${who}`, `050${who}`),
    ...Array.from({ length: 20 }, (_, n) => ROW(100 + n, 'Missbruk och beroende;31;nej;')),
    ...Array.from({ length: 15 }, (_, n) => ROW(200 + n, 'Våld i nära relation;31;nej;')),
    ROW(300, 'Äldreomsorg;80;ja;ja'), ROW(301, 'Äldreomsorg;80;kanske;ja'), ROW(302, 'Okänt;80;nej;ja'), ROW(303, ';;nej;'),
    ROW(304).replace('0701740304', '08-465 004 04'), ROW(305).replace('0701740305', '+358401234567'), 'en;rad', '',
  ].join('\n')),
});
const sent = [];
const pictures = [];

useBoth();

// No word from the browser itself, of its policy or else, and nothing from elsewhere.
function listen(page) {
  const said = [];
  page.on('console', (message) => {
    if (!/^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())) {
      said.push(message.text());
    }
  });
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:') &&
        !Object.values(daemons.staff).some(({ base }) => request.url().startsWith(`${base}/`))) {
      said.push(request.url());
    }
  });
  return said;
}

// What a password manager needs to know of a field; the name of a new account is nobody's own.
async function assertPurposes(page, what) {
  const fields = await page.locator('main input[id]:visible').evaluateAll((all) => all.map(
    ({ id, type, autocomplete }) => ({ id, type, autocomplete })));
  const stranger = await page.locator('fieldset').count();
  for (const { id, type: kind, autocomplete } of fields.filter((field) => PURPOSES[field.id])) {
    assert.equal(autocomplete, stranger ? 'off' : PURPOSES[id], `${what}: ${id}`);
    assert.equal(kind, /password$/.test(PURPOSES[id]) ? 'password' : 'text', `${what}: ${id}`);
  }
  if (fields.some(({ id }) => id === 'new')) {
    assert.ok(await page.locator('input[name=name][hidden]').inputValue(), `${what}: whose password`);
  }
}

// The code to scan: black on white, with four white modules around it, whatever the page's own colours.
async function assertScannable(page, what) {
  const code = page.locator('.qr');
  if (!await code.count()) {
    return;
  }
  const size = (await code.getAttribute('viewBox')).split(' ')[2];
  const picture = (await code.screenshot()).toString('base64');
  const { stained, black } = await page.evaluate(async ([data, modules]) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const { width } = bitmap;
    const canvas = new OffscreenCanvas(width, width).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    const pixels = canvas.getImageData(0, 0, width, width).data;
    const quiet = Math.floor(4 * width / modules) - 1;
    const found = { stained: 0, black: 0 };
    for (let i = 0; i < width * width; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const edge = Math.min(x, y, width - 1 - x, width - 1 - y);
      // Outside is the line around it.
      if (edge >= 3) {
        found[edge < quiet ? 'stained' : 'black'] += pixels[4 * i] < (edge < quiet ? 255 : 128);
      }
    }
    return { ...found, black: found.black / (width - 2 * quiet) ** 2 };
  }, [picture, size]);
  assert.equal(stained, 0, `in the white around the code: ${what}`);
  assert.ok(black > 0.35 && black < 0.65, `${black} of the code is black: ${what}`);
}

// Tab goes through all that can be reached, in the page's order; each is seen, and seen to have the focus.
async function assertReached(page, what) {
  const count = await page.locator(REACHED).count();
  const places = [];
  // From keys, so that the browser shows the focus.
  await page.locator('.skip').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Shift+Tab');
  while (places.at(-1) !== count - 1) {
    const at = await page.evaluate((reached) => {
      const element = document.activeElement;
      const { left, top, width, height } = element.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
      return {
        place: [...document.querySelectorAll(reached)].indexOf(element),
        name: element.outerHTML.slice(0, 80),
        hidden: !element.contains(hit) && !element.matches('.wide'),
        outline: `${outlineStyle} ${outlineWidth}`,
        lost: outlineColor === getComputedStyle(document.body).backgroundColor,
      };
    }, REACHED);
    const found = `${what}: ${at.name}`;
    // The parts of a date are one after the other in the same element.
    assert.ok(at.place === (places.at(-1) ?? -1) + 1 || (at.place === places.at(-1) && places.length < 2 * count),
      `Tab skips to ${found}`);
    assert.deepEqual([at.outline, at.lost, at.hidden], ['solid 3px', false, false], `no focus seen, ${found}`);
    places.push(at.place);
    await page.keyboard.press('Tab');
  }
}

// Without the colours that the page chose: edges, the current page and a tick are still there.
async function assertForced(page, what) {
  await page.emulateMedia({ forcedColors: 'active' });
  const found = await page.evaluate((edged) => {
    const ground = getComputedStyle(document.body).backgroundColor;
    const edge = (element) => getComputedStyle(element).borderBottomColor;
    return {
      edgeless: [...document.querySelectorAll(edged)].filter((element) => edge(element) === ground ||
        getComputedStyle(element).borderBottomStyle === 'none').map((element) => element.outerHTML),
      underlined: [...document.querySelectorAll('nav a')].filter((link) => edge(link) !== ground).length,
      current: document.querySelectorAll('nav [aria-current]').length,
    };
  }, EDGED);
  assert.deepEqual(found.edgeless, [], `without an edge: ${what}`);
  assert.equal(found.underlined, found.current, `underlined in the navigation: ${what}`);
  for (const [tick, least, most] of [[':checked', 0.2, 1], [':not(:checked)', 0, 0.1]]) {
    for (const box of await page.locator(`[type=checkbox]${tick}`).all()) {
      const fill = await radioFill(page, box);
      assert.ok(fill >= least && fill <= most, `a box ${tick} is filled to ${fill}: ${what}`);
    }
  }
  await assertScannable(page, `forced colours, ${what}`);
  await page.emulateMedia({ forcedColors: 'none' });
}

async function assertOnPaper(page, what) {
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize(PAPER);
  assert.equal(await page.locator('button:visible, nav:visible, .skip:visible, footer:visible').count(), 0, what);
  for (const words of ['h1', 'h2', 'td', 'li:not(nav li)', 'code', '.qr']) {
    const all = page.locator(words);
    assert.equal(await page.locator(`${words}:visible`).count(), await all.count(), `${what}: ${words}`);
  }
  await assertNoSideways(page, `on paper, ${what}`);
  // Also where the screen is dark.
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)', what);
  await page.emulateMedia({ media: 'screen' });
}

async function assertSmall(page, what) {
  await page.setViewportSize(SMALL);
  await assertNoSideways(page, what);
  await assertTargets(page, 'a, button:visible, select, input:visible:not([type=checkbox])', 44, what);
  if (await page.locator('.choice').count()) {
    await assertTargets(page, '.choice label', 44, what);
  }
  for (const viewport of [SMALL, WIDE]) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    await assertNoSideways(page, `${what}, text twice as large, ${viewport.width} px`);
    await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
  }
}

async function picture(page, row, alt, width) {
  const png = await page.screenshot({ fullPage: true });
  row.push({ alt, width, png: png.toString('base64') });
}

// Checks the page as it stands, and keeps its source for vnu. What takes long, and what does not depend on the words, a
// normal run looks at once: Lighthouse in one of the languages and schemes, one page of each kind (what stands before
// the comma), the rest in Swedish.
async function check(page, { language, place, kind, html }) {
  const what = `${language}, ${kind}`;
  const row = [];
  const once = LONG || language === 'sv';
  const shown = LONG || (Object.keys(LANGUAGES)[place % 2] === language && !kind.includes(','));
  sent.push({ what, html });
  await assertValidHtml(html, what);
  assert.equal(await page.locator('html').getAttribute('lang'), language, what);
  assert.deepEqual(await page.locator('h1').evaluateAll((all) => all.map((h1) => document.title.startsWith(
    `${h1.textContent} – `))), [true], what);
  await assertPurposes(page, what);
  for (const [n, colorScheme] of SCHEMES.entries()) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `${what}, ${colorScheme}`);
    await assertScannable(page, `${what}, ${colorScheme}`);
    if (shown && (LONG || n === (place >> 1) % 2)) {
      await assertLighthouse(page, `${what}, ${colorScheme}`);
    }
    if (once) {
      await picture(page, row, colorScheme, WIDE.width / 2);
    }
  }
  if (once) {
    await assertReached(page, what);
    await assertForced(page, what);
    await assertOnPaper(page, what);
  }
  await assertSmall(page, what);
  if (once) {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(SMALL);
    await picture(page, row, 'small', SMALL.width / 2);
    pictures.push([what, row]);
  }
  await page.setViewportSize(WIDE);
}

// A page that remembers what the browser was sent last, and checks it.
function withChecks(language, work) {
  return withPage(browser, { viewport: WIDE, locale: language }, async (page) => {
    const said = listen(page);
    let last, place = 0;
    page.on('response', (response) => {
      if (response.headers()['content-type']?.startsWith('text/html')) {
        last = response;
      }
    });
    await work(page, async (kind, status = 200) => {
      await page.waitForLoadState();
      assert.equal(last.status(), status, `${language}: ${kind}`);
      await check(page, { language, kind, place: place++, html: await last.text() });
    });
    assert.deepEqual(said, [], 'the browser says');
  });
}

const fault = (page) => page.getByRole('alert').waitFor();

async function entering(page, checked, member) {
  await page.goto(member.link);
  await checked('welcome');
  await page.locator('#new').fill(PASSWORD);
  await page.locator('#again').fill('något helt annat');
  await submit(page).click();
  await fault(page);
  await checked('welcome, two passwords', 422);
  await member.choose(page);
  await checked('the app');
  await page.locator('#code').fill('000000');
  await submit(page).click();
  await fault(page);
  await checked('the app, a wrong code', 422);
  await member.connect(page);
  await checked('ready');
  await page.goto(member.link);
  await checked('a message, gone', 410);
  await page.goto(member.base);
  await checked('sign-in');
  await page.locator('#name').fill('nobody');
  await page.locator('#password').fill(PASSWORD);
  await page.locator('#code').fill('000000');
  await submit(page).click();
  await fault(page);
  await checked('sign-in, refused', 403);
  await member.signIn(page);
}

async function managing(page, checked, { base, name }) {
  await page.goto(`${base}/staff/accounts`);
  await checked('accounts');
  await page.locator('#name').fill(`${name}.2`);
  await submit(page).click();
  await fault(page);
  await checked('accounts, no role', 422);
  await page.locator('#role-reader').check();
  await page.locator('#areas').fill('barn-unga');
  await submit(page).click();
  await page.locator('main code').waitFor();
  await checked('a link to hand over');
  await page.goto(`${base}/staff/accounts/${name}.2`);
  await checked('an account');
  await page.goto(`${base}/staff/accounts/${name}`);
  await checked('an account, one\'s own');
  await page.goto(`${base}/staff/audit`);
  await checked('the log');
  await page.goto(`${base}/staff/audit?text=nowhere`);
  await checked('the log, nothing found');
  await page.goto(`${base}/staff/audit/whole`);
  await checked('the log is whole');
  await page.goto(`${base}/staff/routes`);
  await checked('who may see what');
}

async function ownThings(page, checked, member) {
  await withPage(browser, {}, (other) => member.signIn(other));
  await page.goto(`${member.base}/staff/account`);
  await checked('one\'s own account');
  await page.goto(`${member.base}/staff/account/password`);
  for (const id of ['new', 'again', 'old']) {
    await page.locator(`#${id}`).fill(PASSWORD);
  }
  await submit(page).click();
  await fault(page);
  await checked('password', 422);
  await daemons.tell('later');
  await page.goto(`${member.base}/staff/account`);
  await page.locator('form[action$=recovery] button').click();
  await page.locator('#code').waitFor();
  await checked('confirm', 403);
  await page.locator('#code').fill(member.code());
  await submit(page).click();
  await page.locator('.codes').waitFor();
  await checked('new recovery codes');
  await page.goto(`${member.base}/missing`);
  await checked('a message', 404);
}

const choose = async (page, { base }, file) => {
  await page.goto(`${base}/import`);
  await page.locator('#wave').selectOption(WAVE);
  await page.locator('#file').setInputFiles(file);
  await submit(page).click();
};

async function importing(page, checked, member) {
  await page.goto(`${member.base}/import`);
  await checked('import');
  await choose(page, member, { ...fileOf(0), name: 'bild.png', buffer: Buffer.from('\x89PNG\0') });
  await fault(page);
  await checked('import, a wrong file', 422);
  await choose(page, member, fileOf(1 + Object.values(LANGUAGES).indexOf(member.name)));
  await page.locator('form[action$=report]').waitFor();
  await checked('tried');
  await page.locator('form[action$=keep] button').click();
  await page.waitForURL(/keep$/);
  await checked('imported');
  await page.goto(`${member.base}/held?administration=farsta&wave=${WAVE}`);
  await checked('waiting for a decision');
  await page.goto(`${member.base}/groups?wave=${WAVE}`);
  await checked('small groups');
}

// What people do, without JavaScript and without a mouse.

const own = (page, path) => page.locator(`a[href="${path}"]`).first();

async function keyIn(page, member) {
  await page.goto(member.link);
  await type(page, '#new', PASSWORD);
  await type(page, '#again', PASSWORD);
  await page.keyboard.press('Enter');
  await member.readKey(page);
  await type(page, '#code', member.code());
  await page.keyboard.press('Enter');
  await member.keepRecovery(page);
  await enter(page, page.locator('main .button'));
  // The cursor is in the first field already.
  await page.locator('#name:focus').waitFor();
  for (const code of ['000000', member.code()]) {
    await page.keyboard.type(member.name);
    await type(page, '#password', PASSWORD);
    await type(page, '#code', code);
    await page.keyboard.press('Enter');
    await (code === '000000' ? fault(page) : page.locator('.own').waitFor());
  }
}

// The browser keeps __Host- cookies, which are Secure, on http://127.* as well; scripts are not shown them.
async function assertCookies(page, name) {
  const cookies = await page.context().cookies();
  assert.deepEqual(cookies.map((cookie) => cookie.name).sort(), [`__Host-${name}`, `__Host-${name}-device`]);
  for (const { secure, httpOnly, sameSite, path } of cookies) {
    assert.deepEqual([secure, httpOnly, sameSite, path], [true, true, 'Lax', '/']);
  }
  assert.equal(await page.evaluate(() => document.cookie), '');
}

async function walkNavigation(page, { base }) {
  const links = page.locator('nav a');
  const paths = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  assert.deepEqual(paths, ['/', '/staff/waves', '/staff/accounts', '/staff/audit', '/staff/routes']);
  for (const [n, path] of paths.entries()) {
    await enter(page, links.nth(n));
    await page.waitForURL(base + path);
    assert.equal(await page.locator('nav [aria-current=page]').getAttribute('href'), path);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('main:focus').waitFor();
  }
}

// The code is asked for after ten minutes, and what was typed is not lost.
async function addAccount(page) {
  await enter(page, own(page, '/staff/accounts'));
  await type(page, '#name', 'dag.ny');
  await type(page, '#full', 'Dag Ny');
  await tabTo(page, page.locator('#role-auditor'));
  await page.keyboard.press('Space');
  await daemons.tell('later');
  await enter(page, submit(page));
  await page.locator('#code').waitFor();
}

async function confirm(page, member) {
  await type(page, '#code', member.code());
  await page.keyboard.press('Enter');
  assert.match(await page.locator('main code').textContent(), new RegExp(`^${member.base}/staff/welcome/`));
  await enter(page, own(page, '/staff/accounts'));
  const row = page.locator('tr', { has: page.getByRole('link', { name: 'dag.ny' }) });
  assert.match(await row.textContent(), /Dag Ny.*granskare/);
}

async function searchLog(page) {
  await enter(page, own(page, '/staff/audit'));
  await tabTo(page, page.locator('#event'));
  await page.keyboard.type('Lade');
  await type(page, '#text', 'dag');
  await page.keyboard.press('Enter');
  await page.waitForURL(/event=account-added&text=dag$/);
  assert.deepEqual(await page.locator('tbody tr td:nth-child(n+3)').allTextContents(),
    ['anna.ek', 'Lade till ett konto', 'account dag.ny roles auditor']);
  // In the last ten minutes a code was shown.
  const [file] = await Promise.all([page.waitForEvent('download'), enter(page, page.locator('a[href*="/csv?"]'))]);
  assert.equal(file.suggestedFilename(), 'logg.csv');
}

async function endOther(page, member) {
  await withPage(browser, {}, async (other) => {
    await member.signIn(other);
    await enter(page, own(page, '/staff/account'));
    const buttons = page.locator('form[action$=session] button');
    await buttons.waitFor();
    await enter(page, buttons);
    await buttons.waitFor({ state: 'detached' });
    await other.reload();
    await other.locator('#password').waitFor();
  });
}

async function changeLanguage(page) {
  for (const [language, word] of [['en', 'My account'], ['sv', 'Mitt konto']]) {
    await enter(page, page.locator('footer a'));
    await page.locator(`html[lang=${language}]`).waitFor();
    assert.equal(await page.locator('h1').textContent(), word);
  }
}

async function keyInFile(page) {
  await enter(page, own(page, '/import'));
  await tabTo(page, page.locator('#wave'));
  await page.keyboard.press('End');
  assert.equal(await page.locator('#wave').inputValue(), WAVE);
  await tabTo(page, page.locator('#file'));
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Space')]);
  await chooser.setFiles(fileOf(0));
  await type(page, '#response', '55');
  await enter(page, submit(page));
  await page.locator('form[action$=keep]').waitFor();
  assert.match(await page.locator('main').textContent(), /Rader\s*104.*55 %/s);
  const [file] = await Promise.all([page.waitForEvent('download'),
    enter(page, page.locator('form[action$=report] button'))]);
  assert.equal(file.suggestedFilename(), 'inlasning.csv');
  await enter(page, page.locator('form[action$=keep] button'));
  await page.waitForURL(/keep$/);
}

async function decide(page, left) {
  const buttons = page.locator('main li button');
  await buttons.nth(2 * left - 1).waitFor();
  assert.equal(await buttons.count(), 2 * left);
  // Whom it is about is said to who does not see the table.
  assert.match(await buttons.first().textContent(), /^Ta med Påhittad Testsson\d+$/);
  await enter(page, buttons.nth(left % 2));
  await buttons.nth(2 * left - 1).waitFor({ state: 'detached' });
}

async function leave(page) {
  await enter(page, page.locator('.own button'));
  await page.locator('#password').waitFor();
  assert.ok((await page.context().cookies()).every(({ name }) => !/enkat$/.test(name)));
  // What was seen is not shown again to who sits down next.
  await page.goBack();
  await page.locator('#password').waitFor();
}

test('by keyboard and without JavaScript, from the invitation to signing out', () => withPage(
  browser, { viewport: WIDE, javaScriptEnabled: false }, async (page) => {
    const said = listen(page);
    const member = new Member(daemons.staff.survey, 'anna.ek');
    await keyIn(page, member);
    await assertCookies(page, 'enkat');
    await walkNavigation(page, member);
    await addAccount(page);
    await confirm(page, member);
    await searchLog(page);
    await endOther(page, member);
    await changeLanguage(page);
    await leave(page);
    assert.deepEqual(said, [], 'the browser says');
  }));

test('a file, by keyboard and without JavaScript', () => withPage(
  browser, { viewport: WIDE, javaScriptEnabled: false }, async (page) => {
    const said = listen(page);
    const member = new Member(daemons.staff.gateway, 'anna.ek');
    await keyIn(page, member);
    await keyInFile(page);
    await enter(page, page.locator('main a[href^="/held"]'));
    await decide(page, 2);
    await decide(page, 1);
    assert.deepEqual(said, [], 'the browser says');
  }));

for (const [language, name] of Object.entries(LANGUAGES)) {
  test(`every kind of page, ${language}`, () => withChecks(language, async (page, checked) => {
    const member = new Member(daemons.staff.survey, name);
    await entering(page, checked, member);
    await checked('start');
    await page.goto(`${member.base}/staff/waves`);
    await checked('waves');
    await managing(page, checked, member);
    await ownThings(page, checked, member);
  }));

  test(`the gateway's own pages, ${language}`, () => withChecks(language, async (page, checked) => {
    const member = new Member(daemons.staff.gateway, name);
    await member.enrol(page);
    await member.signIn(page);
    await assertCookies(page, 'sms');
    await checked('start, gateway');
    for (const [kind, path] of [['messages', '/messages'], ['outbox', '/outbox'],
      ['accounts, gateway', '/staff/accounts']]) {
      await page.goto(member.base + path);
      await checked(kind);
    }
    await importing(page, checked, member);
  }));
}

test('vnu has nothing to say of any page', async () => {
  assert.equal(sent.length, 2 * (24 + 10), 'an earlier test left pages out');
  await assertVnuClean(sent);
});

test('a contact sheet', () => keepSheet(browser, 'staff', pictures, { columns: 2, wide: 2860 }));
