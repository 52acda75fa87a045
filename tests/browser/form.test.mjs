// The respondent's way through the form: with the keyboard alone, without JavaScript, small and dark, back and twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertNoSideways, assertTargets, radioFill } from './checks.mjs';
import { Daemons, launchBrowser, withPage } from './daemons.mjs';

const QUESTIONS = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6'];
const THANKS = 'Tack för dina svar!';
const SMALL = { viewport: { width: 320, height: 640 } };
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

const heading = (page) => page.locator('h1').textContent();
const send = (page) => page.getByRole('button', { name: 'Skicka mina svar' });
const option = (page, question, value) => page.locator(`input[name=${question}][value="${value}"]`);

// What is checked on the page, by question.
function chosen(page) {
  return page.locator('input:checked').evaluateAll(
    (all) => Object.fromEntries(all.map((input) => [input.name, input.value])));
}

async function newBallots(work) {
  const before = (await daemons.box()).map(String);
  await work();
  const left = (await daemons.box()).map(String);
  for (const ballot of before) {
    left.splice(left.indexOf(ballot), 1);
  }
  return left;
}

// The focused element, or the row around a radio, wears an outline that is seen.
function focusIsSeen(page) {
  return page.evaluate(() => {
    const focused = document.activeElement;
    const style = getComputedStyle(focused.closest('.option') ?? focused);
    return focused !== document.body && style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 3;
  });
}

test('answered with the keyboard alone', async () => {
  const codes = [1, 2, 3, 4, 5, 1];
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation());
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Lämna sidan');
    assert.ok(await focusIsSeen(page));
    for (const [n, code] of codes.entries()) {
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.name), QUESTIONS[n]);
      assert.ok(await focusIsSeen(page), `the focus on ${QUESTIONS[n]}`);
      await page.keyboard.press('Space');
      for (let step = 1; step < code; step++) {
        await page.keyboard.press('ArrowDown');
      }
      assert.ok(await focusIsSeen(page), `the focus on ${QUESTIONS[n]}, ${code}`);
    }
    assert.deepEqual(Object.values(await chosen(page)), codes.map(String));
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skicka mina svar');
    assert.ok(await focusIsSeen(page));
    await page.keyboard.press('Enter');
    await page.waitForURL('**');
    await page.getByRole('heading', { name: THANKS }).waitFor();
  }));
  assert.deepEqual(ballots, [codes.join()]);
});

test('answered without JavaScript', async () => {
  const ballots = await newBallots(() => withPage(browser, { javaScriptEnabled: false }, async (page) => {
    await page.goto(daemons.invitation());
    await page.getByText('Förbättrats lite').first().click();
    await page.getByText('Försämrats mycket').last().click();
    await page.getByText('Ganska stor betydelse').click();
    await page.getByText('Vet inte/har ingen uppfattning').nth(3).click();
    await page.getByText('Jag vill inte svara').nth(4).click();
    await send(page).click();
    assert.equal(await heading(page), THANKS);
  }));
  assert.deepEqual(ballots, ['2,5,2,6,0,0']);
});

test('the code is typed in lower case with dashes', async () => {
  const code = daemons.codes.pop();
  await withPage(browser, {}, async (page) => {
    await page.goto(daemons.base);
    await page.getByLabel('Din kod').fill(` ${code.toLowerCase().match(/.{4}/g).join('-')} `);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${daemons.base}/${code}`);
    assert.equal(await heading(page), 'Vad tycker du om stödet?');
  });
});

test('at 320 px nothing scrolls sideways and everything can be hit', async () => {
  await withPage(browser, { ...SMALL, hasTouch: true }, async (page) => {
    await page.goto(daemons.invitation());
    await assertNoSideways(page, 'the form');
    await assertTargets(page, '.option', 52, 'the form');
    await assertTargets(page, 'main button', 52, 'the form');
    await assertTargets(page, 'a', 44, 'the form');
    const outside = await page.locator('main *').evaluateAll((all) => all
      .filter((element) => element.getBoundingClientRect().right > innerWidth - 15)
      .map((element) => element.textContent));
    assert.deepEqual(outside, [], 'in the margin');
    // The whole row is the target.
    await page.locator('.option').nth(1).tap({ position: { x: 270, y: 10 } });
    assert.deepEqual(await chosen(page), { q1: '2' });
  });
});

test('text is 19 px, a question 24, and grows with the reader\'s own size', async () => {
  await withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation());
    const sizes = (selector) => page.locator(selector).evaluateAll(
      (all) => [...new Set(all.map((element) => getComputedStyle(element).fontSize))]);
    assert.deepEqual(await sizes('main p, .option, button, .hint'), ['19px']);
    assert.deepEqual(await sizes('legend'), ['24px']);
    await page.evaluate(() => { document.documentElement.style.fontSize = '32px'; });
    assert.deepEqual(await sizes('main p, .option, button, .hint'), ['38px']);
  });
});

for (const [name, scheme] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'forced colours, light': { forcedColors: 'active', colorScheme: 'light' },
  'forced colours, dark': { forcedColors: 'active', colorScheme: 'dark' },
})) {
  test(`a choice is seen and an empty circle is empty: ${name}`, async () => {
    await withPage(browser, { ...SMALL, ...scheme }, async (page) => {
      await page.goto(daemons.invitation());
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
    });
  });
}

test('nothing sent: the message says what to do, and the invitation is not spent', async () => {
  const address = daemons.invitation();
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(address);
    const [answer] = await Promise.all([page.waitForResponse(address), send(page).click()]);
    assert.equal(answer.status(), 422);
    assert.match(await page.getByRole('alert').textContent(), /^Svara på minst en fråga/);
    assert.equal((await page.goto(address)).status(), 200);
  }));
  assert.deepEqual(ballots, []);
});

test('a broken answer: the message is shown and what was chosen is kept', async () => {
  const address = daemons.invitation();
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(address);
    await option(page, 'q1', 1).evaluate((input) => { input.value = '9'; });
    await option(page, 'q1', 9).check();
    await option(page, 'q2', 2).check();
    await option(page, 'q3', 4).check();
    await option(page, 'q6', 5).check();
    const [answer] = await Promise.all([page.waitForResponse(address), send(page).click()]);
    assert.equal(answer.status(), 422);
    assert.match(await page.getByRole('alert').textContent(), /Välj igen på frågan där inget är valt/);
    assert.deepEqual(await chosen(page), { q2: '2', q3: '4', q6: '5' });
    await option(page, 'q1', 1).check();
    await send(page).click();
    assert.equal(await heading(page), THANKS);
  }));
  assert.deepEqual(ballots, ['1,2,4,0,0,5']);
});

test('a double click sends one ballot, and thanks', async () => {
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation());
    await option(page, 'q4', 3).check();
    await send(page).dblclick();
    await page.getByRole('heading', { name: THANKS }).waitFor();
    await page.waitForLoadState('networkidle');
    assert.equal(await heading(page), THANKS);
    await page.reload();
    assert.equal(await heading(page), THANKS);
  }));
  assert.deepEqual(ballots, ['0,0,0,3,0,0']);
});

test('back after the thanks shows no answers', async () => {
  const address = daemons.invitation();
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(address);
    await option(page, 'q5', 5).check();
    await send(page).click();
    assert.equal(await heading(page), THANKS);
    await page.goBack();
    assert.equal(await page.locator('input').count(), 0);
    assert.equal(await heading(page), 'Länken går inte att använda');
    assert.equal((await page.goto(address)).status(), 410);
  }));
  assert.deepEqual(ballots, ['0,0,0,0,5,0']);
});

for (const button of ['Fel person', 'Nej tack']) {
  test(`declined with ${button}`, async () => {
    const address = daemons.invitation();
    const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
      await page.goto(address);
      // Chosen answers are not sent along.
      await option(page, 'q1', 1).check();
      await page.getByRole('button', { name: button }).click();
      assert.equal(await heading(page), 'Tack för att du sa till');
      assert.equal((await page.goto(address)).status(), 410);
    }));
    assert.deepEqual(ballots, []);
  });
}

test('"Lämna sidan" leads away at once and gives no address', async () => {
  await withPage(browser, {}, async (page) => {
    let asked;
    await page.route((url) => !url.href.startsWith(daemons.base), (route) => {
      asked = route.request();
      return route.fulfill({ body: 'elsewhere', contentType: 'text/plain' });
    });
    await page.goto(daemons.invitation());
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('elsewhere').waitFor();
    assert.equal((await asked.allHeaders()).referer, undefined);
    assert.equal(await page.evaluate(() => document.referrer), '');
  });
});
