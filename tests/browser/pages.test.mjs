// Every page of both daemons: axe-core in light and dark, html-validate, nothing sideways, one request, no cookie.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertNoSideways, assertTargets, assertValidHtml } from './checks.mjs';
import { Daemons, launchBrowser, startWitness, withPage } from './daemons.mjs';

const LONG = Boolean(process.env.LONG);
const MOST_BYTES = 14336;
let daemons;
let browser;

before(async () => {
  browser = await launchBrowser();
  daemons = await Daemons.start();
});
after(async () => {
  await browser?.close();
  await daemons?.stop();
});

const send = (page) => page.getByRole('button', { name: 'Skicka mina svar' }).click();

// How each respondent's page is reached, and its heading.
const RESPONDENT = {
  'the start page': [(page, base) => page.goto(base), 'Brukarenkäten'],
  'a mistyped code': [async (page, base) => {
    await page.goto(base);
    await page.getByLabel('Din kod').fill('7K3M');
    await page.getByRole('button', { name: 'Till frågorna' }).click();
  }, 'Brukarenkäten'],
  'the form': [(page, base, code) => page.goto(`${base}/${code}`), 'Vad tycker du om stödet?'],
  'the form again, 422': [async (page, base, code) => {
    await page.goto(`${base}/${code}`);
    await send(page);
  }, 'Vad tycker du om stödet?'],
  thanks: [async (page, base, code) => {
    await page.goto(`${base}/${code}`);
    await page.getByText('Mycket nöjd').click();
    await send(page);
  }, 'Tack för dina svar!'],
  declined: [async (page, base, code) => {
    await page.goto(`${base}/${code}`);
    await page.getByRole('button', { name: 'Nej tack' }).click();
  }, 'Tack för att du sa till'],
  gone: [(page, base) => page.goto(`${base}/0123456789ABCDEF`), 'Länken går inte att använda'],
  'a broken form': [async (page, base, code) => {
    await page.goto(`${base}/${code}`);
    await page.evaluate(() => { document.querySelector('[name=channel]').name = 'unknown'; });
    await send(page);
  }, 'Svaren kom inte fram som de skulle'],
  missing: [(page, base) => page.goto(`${base}/resultat/1999-1`), 'Sidan finns inte'],
  '/om': [(page, base) => page.goto(`${base}/om`), 'Så skyddas dina svar'],
  '/tillganglighet': [(page, base) => page.goto(`${base}/tillganglighet`), 'Tillgänglighet'],
};

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

for (const [what, [reach, heading]] of Object.entries(RESPONDENT)) {
  test(what, async () => {
    const code = daemons.codes.pop();
    await withPage(browser, { viewport: { width: 320, height: 640 } }, async (page) => {
      const html = await reached(page, () => reach(page, daemons.base, code));
      assert.equal(await page.locator('h1').textContent(), heading);
      assert.ok(Buffer.byteLength(html) <= MOST_BYTES, `${Buffer.byteLength(html)} bytes`);
      await assertValidHtml(html, what);
      await assertInBothSchemes(page, what);
      await assertNoSideways(page, what);
      await assertTargets(page, 'a, button, input[type=text]', 44, what);
      // Someone who needs text of twice the size has set it in the browser.
      await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
      await assertNoSideways(page, `${what}, text twice as large`);
    });
  });
}

test('respondents are sent one answer a page, nothing else and no cookie', async () => {
  const witness = await startWitness(daemons.base);
  const code = daemons.codes.pop();
  try {
    await withPage(browser, {}, async (page) => {
      for (const path of ['/', `/${code}`, '/om', '/tillganglighet', '/0123456789ABCDEF', ...daemons.results]) {
        witness.seen.length = 0;
        await page.goto(witness.base + path, { waitUntil: 'networkidle' });
        assert.deepEqual(witness.seen.map((s) => `${s.method} ${s.path}`), [`GET ${path}`]);
        assert.equal(witness.seen[0].headers['set-cookie'], undefined);
        assert.equal(witness.seen[0].headers['cache-control'], 'no-store');
        // An icon of its own, or a browser with tabs asks for /favicon.ico.
        assert.equal(await page.locator('link[rel=icon][href="data:,"]').count(), 1);
      }
      assert.deepEqual(await page.context().cookies(), []);
      const kept = await page.evaluate(() => localStorage.length + sessionStorage.length);
      assert.equal(kept, 0);
    });
  } finally {
    await witness.stop();
  }
});

test('the published results', async () => {
  for (const path of daemons.results) {
    await withPage(browser, { viewport: { width: 1200, height: 900 } }, async (page) => {
      const html = await reached(page, () => page.goto(daemons.base + path));
      await assertValidHtml(html, path);
      await assertInBothSchemes(page, path, { enhanced: false });
    });
  }
});

test("the gateway's pages", async () => {
  for (const path of ['/', '/outbox', '/missing']) {
    // Wide enough for the whole table: what is scrolled out of sight axe can't judge.
    await withPage(browser, { viewport: { width: 1200, height: 900 } }, async (page) => {
      const html = await reached(page, () => page.goto(daemons.gateway + path));
      await assertValidHtml(html, `the gateway's ${path}`);
      await assertInBothSchemes(page, `the gateway's ${path}`, { enhanced: false });
      await page.setViewportSize({ width: 320, height: 640 });
      await assertNoSideways(page, `the gateway's ${path}`);
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
