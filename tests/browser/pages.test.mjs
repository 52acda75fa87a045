// What a browser is sent: the requests, no cookie, few bytes; the results by axe-core in light and dark, html-validate,
// vnu, Lighthouse. Of the respondents' pages editions.test.mjs asks that, of the staff's staff.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertAccessible, assertLighthouse, assertNoSideways, assertValidHtml, assertVnuClean,
} from './checks.mjs';
import { browser, daemons, useBoth, withPage, withWitness } from './daemons.mjs';
import { LAST, assertThanks, send, walk } from './journey.mjs';

const LONG = Boolean(process.env.LONG);
// The first page, the six questions and the style sheet, as they are sent.
const MOST_BYTES = 14336;
const STYLE = /^\/form\.css\?v=[0-9a-f]{8}$/;

useBoth();

// The page's source is what the browser was sent last.
async function reached(page, reach) {
  let last;
  page.on('response', (response) => { last = response; });
  await reach();
  await page.waitForLoadState();
  return last.text();
}

async function assertInBothSchemes(page, what, options) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `${what}, ${colorScheme}`, options);
  }
}

// Nothing but the page and, once, the style sheet; nothing that could be kept but that one.
function assertSeen(witness, expected) {
  const [styles, others] = [[], []];
  for (const seen of witness.seen) {
    (STYLE.test(seen.path) ? styles : others).push(seen);
    assert.equal(seen.headers['set-cookie'], undefined);
    assert.equal(seen.headers['cache-control'], STYLE.test(seen.path) ? 'private, max-age=3600' : 'no-store');
  }
  assert.deepEqual(others.map((seen) => `${seen.method} ${seen.path}`), expected);
  assert.ok(styles.length <= 1, `the style sheet ${styles.length} times`);
}

async function assertNothingKept(page) {
  assert.deepEqual(await page.context().cookies(), []);
  const kept = await page.evaluate(async () => localStorage.length + sessionStorage.length +
    (await indexedDB.databases()).length + (await navigator.serviceWorker?.getRegistrations() ?? []).length);
  assert.equal(kept, 0);
  // An icon of its own, or a browser with tabs asks for /favicon.ico.
  assert.equal(await page.locator('link[rel=icon][href="data:,"]').count(), 1);
}

test('respondents are sent the page and one style sheet, nothing else and no cookie', () => withWitness(daemons.base,
  (witness) => withPage(browser, {}, async (page) => {
    let styles = 0;
    const code = daemons.codes.pop();
    for (const path of ['/', `/${code}`, '/om', '/tillganglighet', '/0123456789ABCDEF', ...daemons.results]) {
      witness.seen.length = 0;
      await page.goto(witness.base + path, { waitUntil: 'networkidle' });
      assertSeen(witness, [`GET ${path}`]);
      styles += witness.seen.length - 1;
      await assertNothingKept(page);
    }
    assert.equal(styles, 1);
  })));

for (const javaScriptEnabled of [true, false]) {
  test(`the whole form is one request a page, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () => withWitness(
    daemons.base, (witness) => withPage(browser, { javaScriptEnabled }, async (page) => {
      const address = daemons.invitation(witness);
      const path = new URL(address).pathname;
      await page.goto(address);
      await walk(page, [1, 2, 3, 4, 5, 1]);
      assertSeen(witness, [`GET ${path}`, ...Array(LAST).fill(`POST ${path}`)]);
      assert.ok(witness.seen.every((seen) => seen.headers['content-encoding'] === 'gzip'));
      // Their lengths, which nobody can hide, are those of many answers.
      const steps = witness.seen.filter((seen) => seen.method === 'POST').map((seen) => seen.size);
      assert.ok(steps.every((size) => size % 128 === 0 && size <= 1536 + 512 * (size === steps.at(-1))), steps.join());
      const bytes = witness.seen.slice(0, -1).reduce((sum, seen) => sum + seen.size, 0);
      assert.ok(bytes > 4096 && bytes <= MOST_BYTES, `${bytes} bytes`);
      await send(page).click();
      await assertThanks(page);
      assertSeen(witness, [`GET ${path}`, ...Array(LAST + 1).fill(`POST ${path}`)]);
      await assertNothingKept(page);
    })));
}

test('the published results', async () => {
  for (const path of daemons.results) {
    await withPage(browser, { viewport: { width: 1200, height: 900 } }, async (page) => {
      const html = await reached(page, () => page.goto(daemons.base + path));
      await assertValidHtml(html, path);
      await assertInBothSchemes(page, path, { enhanced: false });
      await assertLighthouse(page, path);
      await assertVnuClean([{ what: path, html }]);
    });
  }
});

test('every width and text size', { skip: !LONG && 'a long matrix: LONG=1' }, async () => {
  const code = daemons.codes.pop();
  for (const path of ['/', `/${code}`, '/om', '/tillganglighet', ...daemons.results]) {
    for (const width of [320, 360, 390, 600, 768, 1200, 1920]) {
      await withPage(browser, { viewport: { width, height: 800 } }, async (page) => {
        await page.goto(daemons.base + path);
        for (const size of ['100%', '150%', '200%']) {
          await page.evaluate((s) => { document.documentElement.style.fontSize = s; }, size);
          await assertNoSideways(page, `${path} at ${width} px, text ${size}`);
          // What a table has scrolled out of sight axe can't judge.
          if (!daemons.results.includes(path)) {
            await assertAccessible(page, `${path} at ${width} px, text ${size}`);
          }
        }
      });
    }
  }
});
