// Every kind of page in every language and variant, light and dark: axe-core, html-validate, vnu, Lighthouse, nothing
// sideways at 320 px, a glyph for every letter. A normal run takes one edition of each script, LONG=1 all of them. What
// they look like is left in $BUILD/contact-sheet.png.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertAccessible, assertGlyphs, assertLighthouse, assertNoSideways, assertTargets, assertValidHtml, assertVnuClean,
} from './checks.mjs';
import { browser, daemons, useBoth, withPage } from './daemons.mjs';
import { LAST, QUESTIONS, at, jump, onward, option, send } from './journey.mjs';
import { keepSheet } from './sheet.mjs';

const LONG = Boolean(process.env.LONG);
const LANGUAGES = ['sv', 'en', 'fi', 'ar', 'fa', 'so', 'ti', 'pl', 'uk'];
const ALL = [...LANGUAGES.flatMap((language) => [[language, ''], [language, 'bildstod']]), ['sv', 'lattlast'],
  ['sv', 'barn']];
// Latin, Arabic, Ethiopic, Cyrillic; the faces with one of them.
const OF_EACH_SCRIPT = [['sv', ''], ['ar', 'bildstod'], ['ti', ''], ['uk', '']];
const SMALL = { viewport: { width: 320, height: 640 } };
const SCHEMES = ['light', 'dark'];
const sent = [];

useBoth();

// Checks the page as it stands, and keeps its source for vnu.
async function check(page, edition, kind, html) {
  const what = `${edition.name}: ${kind}`;
  sent.push({ what, html });
  // What a long page has pushed under the header axe can't judge.
  await page.evaluate(() => scrollTo(0, 0));
  await assertValidHtml(html, what);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `${what}, ${colorScheme}`);
    // Lighthouse takes seconds a page: a normal run shows it every other page dark, the others light.
    if (LONG || SCHEMES[sent.length % 2] === colorScheme) {
      await assertLighthouse(page, `${what}, ${colorScheme}`);
    }
  }
  assert.equal(await page.locator('html').getAttribute('lang'), edition.language, what);
  await assertNoSideways(page, what);
  await assertTargets(page, 'a, button:visible, select, input[type=text]', 44, what);
  if (await page.locator('.option').count()) {
    await assertTargets(page, '.option', 52, what);
  }
  await assertGlyphs(page, what);
  // Someone who needs text of twice the size has set it in the browser.
  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  await assertNoSideways(page, `${what}, text twice as large`);
  await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
}

// A page that remembers what the browser was sent last, and checks it.
function withChecks(edition, work) {
  return withPage(browser, SMALL, async (page) => {
    let last;
    page.on('response', (response) => {
      if (response.headers()['content-type']?.startsWith('text/html')) {
        last = response;
      }
    });
    await work(page, async (kind, status = 200) => {
      await page.waitForLoadState();
      assert.equal(last.status(), status, `${edition.name}: ${kind}`);
      await check(page, edition, kind, await last.text());
    });
  });
}

const outside = (page) => page.locator('main:not([data-page])').waitFor();
// The answers, sent as without JavaScript.
const submit = (page) => page.locator('[name=channel]').evaluate(
  (field) => HTMLFormElement.prototype.submit.call(field.form));

async function answeredAndGone(edition) {
  const address = daemons.invitation() + edition.query;
  await withChecks(edition, async (page, checked) => {
    await page.goto(address);
    await checked('page 0');
    for (const [n, question] of QUESTIONS.entries()) {
      await onward(page, n + 1);
      await option(page, question, 1).check();
      await checked(`page ${n + 1}`);
    }
    await onward(page, LAST);
    await checked(`page ${LAST}`);
    await send(page).click();
    await outside(page);
    await checked('thanks');
    await page.goto(address);
    await checked('gone', 410);
  });
}

async function refusedAndDeclined(edition) {
  const address = daemons.invitation() + edition.query;
  await withChecks(edition, async (page, checked) => {
    await page.goto(address);
    await jump(page, LAST, []);
    await send(page).click();
    await page.getByRole('alert').waitFor();
    await checked('nothing answered, 422', 422);
    await page.evaluate(() => document.querySelectorAll('[name=nonce]').forEach((input) => { input.name = 'n'; }));
    await submit(page);
    await outside(page);
    await checked('broken', 400);
    await page.goto(address);
    await jump(page, LAST, [1]);
    await daemons.withFullDisk(async () => {
      await submit(page);
      await outside(page);
    });
    await checked('later', 503);
    await page.goto(address);
    await page.locator('button[name=decline]').last().click();
    await outside(page);
    await checked('declined');
  });
}

async function onOnePage(edition) {
  await withChecks(edition, async (page, checked) => {
    await page.goto(daemons.invitationWhole() + edition.query);
    await checked('on one page');
    await send(page).click();
    await page.getByRole('alert').waitFor();
    await checked('on one page, nothing answered, 422', 422);
  });
}

async function withoutInvitation(edition) {
  await withChecks(edition, async (page, checked) => {
    for (const [kind, path, status] of [['missing', '/resultat/1999-1', 404], ['/om', '/om'],
      ['/tillganglighet', '/tillganglighet'], ['start', '/']]) {
      await page.goto(daemons.base + path + edition.query);
      await checked(kind, status);
    }
    await page.locator('#code').fill('7K3M');
    await page.locator('main button').click();
    await page.getByRole('alert').waitFor();
    await checked('start, a mistyped code', 422);
  });
}

for (const [language, variant] of LONG ? ALL : OF_EACH_SCRIPT) {
  const edition = { language, variant, name: `${language} ${variant}`.trim(),
    query: `?lang=${language}&variant=${variant}` };
  test(`${edition.name}: answered, and gone`, () => answeredAndGone(edition));
  test(`${edition.name}: refused and declined`, () => refusedAndDeclined(edition));
  test(`${edition.name}: on one page`, () => onOnePage(edition));
  test(`${edition.name}: without an invitation`, () => withoutInvitation(edition));
}

test('vnu has nothing to say of any page', async () => {
  const editions = LONG ? ALL : OF_EACH_SCRIPT;
  assert.equal(sent.length, editions.length * 21, 'an earlier test left pages out');
  await assertVnuClean(sent);
});

// Page 0, a question and the last page, in each of the looks.
async function shots(edition, looks) {
  const pictures = [];
  await withPage(browser, SMALL, async (page) => {
    const keep = async (number) => {
      for (const look of looks) {
        await page.emulateMedia({ forcedColors: 'none', ...look });
        const png = await page.screenshot({ fullPage: true });
        const name = Object.values(look).join(' ');
        pictures.push({ look: name, alt: `page ${number}, ${name}`, width: 200, png: png.toString('base64') });
      }
    };
    await page.goto(`${daemons.invitation()}?lang=${edition[0]}&variant=${edition[1]}`);
    await keep(0);
    await jump(page, 1, [2]);
    await keep(1);
    await page.goto(`${daemons.invitation()}?lang=${edition[0]}&variant=${edition[1]}`);
    await jump(page, LAST, [1, 2, 3, 4, 5, '']);
    await keep(LAST);
  });
  return looks.flatMap((look) => pictures.filter((p) => p.look === Object.values(look).join(' ')));
}

test('a contact sheet of every edition', async () => {
  const looks = SCHEMES.map((colorScheme) => ({ colorScheme }));
  const rows = [];
  for (const edition of ALL) {
    rows.push([edition.join(' '), await shots(edition, looks)]);
  }
  rows.push(['sv bildstod, forced colours', await shots(['sv', 'bildstod'],
    SCHEMES.map((colorScheme) => ({ colorScheme, forcedColors: 'active' })))]);
  assert.ok(rows.every(([, pictures]) => pictures.length === 6));
  await keepSheet(browser, 'contact-sheet', rows, { columns: 3, wide: 3780 });
});
