// What the form looks like: small, large, zoomed, on paper, in forced colours, still.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoSideways, assertTargets, radioFill } from './checks.mjs';
import { browser, daemons, useBoth, withPage } from './daemons.mjs';
import { LAST, QUESTIONS, chosen, jump, onward, option } from './journey.mjs';

const SMALL = { viewport: { width: 320, height: 640 } };

useBoth();

// Every page of the form, one after the other, and the one that has everything.
async function onEachPage(options, work, query = '') {
  await withPage(browser, options, async (page) => {
    await page.goto(daemons.invitation() + query);
    await work(page, 'page 0');
    for (const [n, question] of QUESTIONS.entries()) {
      await onward(page, n + 1);
      await option(page, question, 1).check();
      await work(page, `page ${n + 1}`);
    }
    await onward(page, LAST);
    await work(page, `page ${LAST}`);
    await page.goto(daemons.invitationWhole() + query);
    await work(page, 'on one page');
  });
}

test('at 320 px nothing scrolls sideways, nothing is in the margin and everything can be hit', async () => {
  await onEachPage({ ...SMALL, hasTouch: true }, async (page, what) => {
    await assertNoSideways(page, what);
    await assertTargets(page, 'a, button:visible, select', 44, what);
    await assertTargets(page, '.way button:visible', 52, what);
    if (await page.locator('.option').count()) {
      await assertTargets(page, '.option', 52, what);
    }
    const outside = await page.locator('main *').evaluateAll((all) => all
      .filter((element) => element.getBoundingClientRect().right > innerWidth - 15)
      .map((element) => element.outerHTML));
    assert.deepEqual(outside, [], `in the margin: ${what}`);
  });
});

test('the whole row of an option is the target', async () => {
  await withPage(browser, { ...SMALL, hasTouch: true }, async (page) => {
    await page.goto(daemons.invitation());
    await onward(page, 1);
    await page.locator('.option').nth(1).tap({ position: { x: 270, y: 10 } });
    assert.deepEqual(await chosen(page), { q1: '2' });
  });
});

test('options are 8 px apart, those without a grade a little more', async () => {
  await withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation());
    await onward(page, 1);
    const boxes = await page.locator('.option').evaluateAll(
      (all) => all.map((row) => row.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })));
    const gaps = boxes.slice(1).map(({ top }, n) => Math.round(top - boxes[n].bottom));
    assert.deepEqual(gaps, [8, 8, 8, 8, 20, 8]);
  });
});

test('text is 19 px, a question 24, and grows with the reader\'s own size', async () => {
  const text = 'main p:not(.hint), main li, main dt, main dd b, .option, .way button, .hint';
  await onEachPage({}, async (page, what) => {
    const sizes = (selector) => page.locator(selector).evaluateAll(
      (all) => [...new Set(all.map((element) => getComputedStyle(element).fontSize))]);
    assert.deepEqual(await sizes(text), ['19px'], what);
    if (/page [1-6]|on one/.test(what)) {
      assert.deepEqual(await sizes('legend h1, legend h2'), ['24px'], what);
    }
    // What is not the matter of the page is never smaller than 16.
    const least = await page.locator('body :visible').evaluateAll((all) => Math.min(...all
      .filter((element) => element.innerText).map((element) => parseFloat(getComputedStyle(element).fontSize))));
    assert.ok(least >= 16, `${what}: ${least} px`);
    await page.evaluate(() => { document.documentElement.style.fontSize = '32px'; });
    assert.deepEqual(await sizes(text), ['38px'], what);
    await assertNoSideways(page, `${what}, text twice as large`);
    await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
  });
});

for (const language of ['sv', 'ar', 'fi']) {
  test(`zoomed to 200 and 400 % nothing scrolls sideways: ${language}`, async () => {
    // A window of 1280 × 900 px, as the page sees it.
    for (const zoom of [2, 4]) {
      await onEachPage({ viewport: { width: 1280 / zoom, height: 900 / zoom }, deviceScaleFactor: zoom },
        (page, what) => assertNoSideways(page, `${what}, ${zoom}00 %`), `?lang=${language}&variant=bildstod`);
    }
  });
}

for (const [name, scheme] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'forced colours, light': { forcedColors: 'active', colorScheme: 'light' },
  'forced colours, dark': { forcedColors: 'active', colorScheme: 'dark' },
})) {
  test(`a choice is seen, an empty circle is empty, a face is drawn: ${name}`, async () => {
    await withPage(browser, { ...SMALL, ...scheme }, async (page) => {
      await page.goto(`${daemons.invitation()}?variant=bildstod`);
      await onward(page, 1);
      await page.locator('.option').nth(1).click();
      const empty = await radioFill(page, option(page, 'q1', 1));
      const checked = await radioFill(page, option(page, 'q1', 2));
      assert.ok(empty < 0.05 && checked > 0.3, `empty ${empty}, checked ${checked}`);
      const [one, other, ground] = await page.evaluate(() => [
        ...[...document.querySelectorAll('.option')].slice(0, 2).map((row) => getComputedStyle(row).borderTopColor),
        getComputedStyle(document.body).backgroundColor]);
      assert.notEqual(one, other);
      assert.notEqual(one, ground);
      assert.notEqual(other, ground);
      const faces = page.locator('.option svg');
      assert.equal(await faces.count(), 6);
      for (const face of await faces.all()) {
        const ink = await radioFill(page, face);
        assert.ok(ink > 0.02 && ink < 0.6, `a face of ${ink}`);
      }
    });
  });
}

test('faces differ in their form, not in their colour', async () => {
  await withPage(browser, {}, async (page) => {
    await page.goto(`${daemons.invitation()}?variant=bildstod`);
    await onward(page, 1);
    const faces = await page.locator('.option svg').evaluateAll((all) => all.map((svg) => ({
      drawn: svg.innerHTML,
      colours: [...new Set([svg, ...svg.querySelectorAll('*')].flatMap((part) => {
        const { stroke, fill } = getComputedStyle(part);
        return [stroke, fill];
      }))].sort().join(),
      hidden: svg.getAttribute('aria-hidden'),
    })));
    assert.equal(new Set(faces.map((face) => face.drawn)).size, faces.length);
    assert.equal(new Set(faces.slice(0, 5).map((face) => face.colours)).size, 1);
    // The words beside say it.
    assert.deepEqual(new Set(faces.map((face) => face.hidden)), new Set(['true']));
  });
});

test('the focus is seen in forced colours and in the dark', async () => {
  for (const options of [{ forcedColors: 'active' }, { colorScheme: 'dark' }, { colorScheme: 'light' }]) {
    await withPage(browser, options, async (page) => {
      await page.goto(daemons.invitation());
      await onward(page, 1);
      await page.keyboard.press('Tab');
      const [outline, ground] = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement.closest('.option'));
        return [`${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}`,
          getComputedStyle(document.body).backgroundColor];
      });
      assert.match(outline, /^solid 3px /);
      assert.ok(!outline.endsWith(ground), outline);
    });
  }
});

test('on paper the words are there, what can only be pressed is not', async () => {
  await onEachPage({}, async (page, what) => {
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('button:visible, select:visible, .leave:visible').count(), 0, what);
    assert.ok(await page.locator('h1').isVisible(), what);
    for (const words of ['legend', '.option', 'dt', 'dd b']) {
      const all = page.locator(words);
      assert.equal(await page.locator(`${words}:visible`).count(), await all.count(), `${what}: ${words}`);
    }
    const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
    const sheets = pdf.match(/\/Type\s*\/Page\b/g).length;
    assert.ok(sheets <= (what === 'on one page' ? 6 : 2), `${what} fills ${sheets} sheets`);
    await page.emulateMedia({ media: 'screen' });
  });
});

test('nothing moves', async () => {
  for (const reducedMotion of ['reduce', 'no-preference']) {
    await onEachPage({ reducedMotion }, async (page, what) => {
      const moving = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('*')]
        .filter((element) => {
          const style = getComputedStyle(element);
          return style.animationName !== 'none' || style.transitionDuration !== '0s' || style.scrollBehavior !== 'auto';
        }).length);
      assert.equal(moving, 0, `${what}, ${reducedMotion}`);
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    });
  }
});

test('what is read first is seen without scrolling on a small phone', async () => {
  await withPage(browser, { viewport: { width: 390, height: 844 } }, async (page) => {
    await page.goto(daemons.invitation());
    const { y, height } = await page.getByRole('button', { name: 'Börja' }).boundingBox();
    assert.ok(y + height <= 844, `"Börja" ends at ${y + height} px`);
    await jump(page, 1, []);
    const options = await page.locator('.option').last().boundingBox();
    assert.ok(options.y + options.height <= 844, `the options end at ${options.y + options.height} px`);
  });
});
