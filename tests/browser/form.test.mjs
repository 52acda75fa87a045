// The respondent's way through the form: with the keyboard alone, without JavaScript, back and forth, in other
// languages, twice, cut off.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoSideways } from './checks.mjs';
import { browser, daemons, useBoth, withPage, withWitness } from './daemons.mjs';
import {
  LAST, QUESTIONS, assertThanks, at, backButton, carried, change, chosen, heading, onward, option, send, shown, walk,
} from './journey.mjs';

const FIRST = 'Vad tycker du om stödet?';
const GONE = 'Länken går inte att använda';
const SCRIPTS = [{ javaScriptEnabled: true }, { javaScriptEnabled: false }];

useBoth();

// Runs the test with and without JavaScript.
function both(name, work) {
  for (const options of SCRIPTS) {
    test(`${name}, ${options.javaScriptEnabled ? 'with' : 'without'} JavaScript`, () => work(options));
  }
}

async function newBallots(work, box = () => daemons.box()) {
  const earlier = await box();
  await work();
  const left = await box();
  for (const ballot of earlier) {
    left.splice(left.indexOf(ballot), 1);
  }
  return left;
}

// The focused element, or the row around a radio, wears an outline that is seen.
function focusIsSeen(page) {
  return page.evaluate(() => {
    const focused = document.activeElement;
    const row = focused.closest('.option') ?? focused;
    const style = getComputedStyle(row);
    const { top, bottom } = row.getBoundingClientRect();
    const head = document.querySelector('header').getBoundingClientRect();
    return focused !== document.body && style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 3 &&
      (focused.closest('header') !== null || top >= head.bottom) && bottom <= innerHeight;
  });
}

// Presses Tab; what has the focus then, by name or text.
async function tab(page, key = 'Tab') {
  await page.keyboard.press(key);
  assert.ok(await focusIsSeen(page), `the focus on ${await page.evaluate(() => document.activeElement.outerHTML)}`);
  return page.evaluate(() => document.activeElement.name || document.activeElement.textContent);
}

const focusOnHeading = (page) => page.evaluate(() => document.activeElement.matches('h1'));

test('answered with the keyboard alone', async () => {
  const codes = [1, 2, 3, 4, 5, 1];
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation());
    assert.equal(await tab(page), 'Lämna sidan');
    assert.equal(await tab(page), 'lang');
    assert.equal(await tab(page), 'variant');
    assert.deepEqual([await tab(page), await tab(page)], ['page', 'page']);
    for (const [n, code] of codes.entries()) {
      await page.keyboard.press('Enter');
      await at(page, n + 1);
      assert.ok(await focusOnHeading(page), `the focus on page ${n + 1}`);
      assert.equal(await tab(page), QUESTIONS[n]);
      await page.keyboard.press('Space');
      for (let step = 1; step < code; step++) {
        assert.equal(await tab(page, 'ArrowDown'), QUESTIONS[n]);
      }
      assert.deepEqual(await chosen(page), { [QUESTIONS[n]]: String(code) });
      assert.equal(await tab(page), 'page');
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Nästa');
    }
    await page.keyboard.press('Enter');
    await at(page, LAST);
    assert.ok(await focusOnHeading(page));
    for (let n = 1; n <= codes.length; n++) {
      await tab(page);
      assert.equal(await page.evaluate(() => document.activeElement.textContent), `Ändra fråga ${n}`);
    }
    assert.equal(await tab(page), 'helped');
    await page.keyboard.press('Space');
    assert.equal(await tab(page), 'Skicka mina svar');
    await page.keyboard.press('Enter');
    await assertThanks(page);
    assert.ok(await focusOnHeading(page), 'the focus on the thanks');
  }));
  assert.deepEqual(ballots, [`${codes.join()} self`]);
});

test('Enter on an option goes on, and on the last page sends nothing', async () => {
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [2], 2);
    await option(page, 'q2', 3).check();
    await page.keyboard.press('Enter');
    await at(page, 3);
    for (let number = 4; number <= LAST; number++) {
      await onward(page, number);
    }
    await option(page, 'helped', 4).check();
    const [again] = await Promise.all([page.waitForResponse(page.url()), page.keyboard.press('Enter')]);
    assert.equal(again.status(), 200);
    await page.waitForFunction(() => document.activeElement.matches('h1'));
    assert.deepEqual(await chosen(page), { helped: '4' });
    await send(page).click();
    await assertThanks(page);
  }));
  assert.deepEqual(ballots, ['2,3,0,0,0,0 interpreter']);
});

test('answered without JavaScript, by the words', async () => {
  const ballots = await newBallots(() => withPage(browser, { javaScriptEnabled: false }, async (page) => {
    const press = (name) => page.getByRole('button', { name, exact: true }).click();
    await page.goto(daemons.invitation());
    await press('Börja');
    for (const words of ['Förbättrats lite', 'Försämrats mycket', 'Ganska stor betydelse',
      'Vet inte/har ingen uppfattning', 'Jag vill inte svara']) {
      await page.getByText(words).click();
      await press('Nästa');
    }
    assert.match(await page.locator('.step').textContent(), /^Fråga 6 av 6/);
    await press('Nästa');
    assert.equal(await heading(page), 'Dina svar');
    assert.deepEqual(await shown(page), ['Förbättrats lite', 'Försämrats mycket', 'Ganska stor betydelse',
      'Vet inte/har ingen uppfattning', 'Jag vill inte svara', 'Inget svar']);
    await press('Ändra fråga 2');
    assert.deepEqual(await chosen(page), { q2: '5' });
    await page.getByText('Ingen förändring').click();
    for (let n = 2; n < LAST; n++) {
      await press('Nästa');
    }
    await page.getByText('Jag, med hjälp av en anhörig eller vän').click();
    await press('Skicka mina svar');
    assert.equal(await heading(page), 'Tack för dina svar!');
  }));
  assert.deepEqual(ballots, ['2,3,2,6,0,0 relative']);
});

both('what nothing got better for is not asked how much', async (options) => {
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [3, 4], 2);
    await option(page, 'q2', 4).check();
    await onward(page, 4);
    await backButton(page).click();
    await at(page, 2);
    await onward(page, 4);
    await onward(page, 5);
    await onward(page, 6);
    await onward(page, LAST);
    assert.equal((await shown(page)).length, 5);
    await send(page).click();
    await assertThanks(page);
  }));
  assert.deepEqual(ballots, ['3,4,0,0,0,0 unsaid']);
});

test('the code is typed in lower case with dashes', async () => {
  const code = daemons.codes.pop();
  await withPage(browser, {}, async (page) => {
    await page.goto(daemons.base);
    await page.getByLabel('Din kod').fill(` ${code.toLowerCase().match(/.{4}/g).join('-')} `);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${daemons.base}/${code}`);
    assert.equal(await heading(page), FIRST);
  });
});

// Back and forth.

test('the browser\'s Back and Forward go page by page and lose nothing', async () => {
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [1, 2, 3, 4], 4);
    await option(page, 'q4', 4).check();
    for (const [number, answer] of [[3, { q3: '3' }], [2, { q2: '2' }], [1, { q1: '1' }], [0, {}]]) {
      await page.goBack();
      await at(page, number);
      assert.deepEqual(await chosen(page), answer);
    }
    assert.deepEqual(await carried(page), { q1: '1', q2: '2', q3: '3', q4: '4' });
    for (const number of [1, 2, 3, 4]) {
      await page.goForward();
      await at(page, number);
    }
    assert.deepEqual(await chosen(page), { q4: '4' });
    await page.goBack();
    await at(page, 3);
    // A changed answer, and what lay ahead in the history does so no more.
    await option(page, 'q3', 1).check();
    await onward(page, 4);
    await onward(page, 5);
    await onward(page, 6);
    await onward(page, LAST);
    await send(page).click();
    await assertThanks(page);
  }));
  assert.deepEqual(ballots, ['1,2,1,4,0,0 unsaid']);
});

both('the page\'s own way back loses nothing', async (options) => {
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [1, '', 3], 4);
    await option(page, 'q4', 5).check();
    for (const [number, answer] of [[3, { q3: '3' }], [2, { q2: '' }], [1, { q1: '1' }]]) {
      await backButton(page).click();
      await at(page, number);
      assert.deepEqual(await chosen(page), answer);
    }
    await option(page, 'q1', 2).check();
    await backButton(page).click();
    await at(page, 0);
    assert.deepEqual(await carried(page), { q1: '2', q2: '', q3: '3', q4: '5' });
    await walk(page, []);
    await send(page).click();
    await assertThanks(page);
  }));
  assert.deepEqual(ballots, ['2,0,3,5,0,0 unsaid']);
});

// Waits for the browser's own page about what went wrong: that the way there failed is no surprise.
function browsersOwnPage(page) {
  const there = () => page.waitForURL('chrome-error://**');
  return there().catch(there);
}

// Without JavaScript Chromium shows nothing until it may send the form again.
async function backAndSendAgain(page) {
  await assert.rejects(page.goBack(), /ERR_CACHE_MISS/);
  await browsersOwnPage(page);
  assert.equal(await page.locator('input').count(), 0);
  await page.reload();
}

test('the browser\'s Back without JavaScript loses nothing of the pages before', async () => {
  await withPage(browser, { javaScriptEnabled: false }, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [1, 2], 3);
    await backAndSendAgain(page);
    await at(page, 2);
    assert.deepEqual(await carried(page), { q1: '1' });
  });
});

both('after the thanks Back shows nothing of the answers', async (options) => {
  const address = daemons.invitation();
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    await page.goto(address);
    await walk(page, [undefined, undefined, undefined, undefined, 5]);
    await send(page).click();
    await assertThanks(page);
    if (options.javaScriptEnabled) {
      await page.goBack();
    } else {
      await backAndSendAgain(page);
    }
    await page.getByRole('heading', { name: GONE }).waitFor();
    assert.equal(await page.locator('input').count(), 0);
    assert.equal((await page.goto(address)).status(), 410);
  }));
  assert.deepEqual(ballots, ['0,0,0,0,5,0 unsaid']);
});

// Languages and variants.

both('language and variant are changed midway, and nothing is lost', async (options) => {
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [2, 1], 3);
    await option(page, 'q3', 4).check();
    await change(page, { language: 'en' });
    assert.deepEqual(await chosen(page), { q3: '4' });
    assert.deepEqual(await carried(page), { q1: '2', q2: '1' });
    assert.equal(await page.locator('.way button').first().textContent(), 'Next');
    await change(page, { variant: 'bildstod' });
    assert.deepEqual(await chosen(page), { q3: '4' });
    assert.equal(await page.locator('.option svg').count(), 5);
    await change(page, { language: 'ar' });
    assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
    assert.equal(await page.locator('.option svg').count(), 5);
    assert.deepEqual(await chosen(page), { q3: '4' });
    await onward(page, 4);
    await option(page, 'q4', 1).check();
    await change(page, { language: 'sv' });
    await change(page, { variant: 'lattlast' });
    assert.equal(await page.locator('.option svg').count(), 0);
    // Finnish is not there in easy words: the plain one.
    await change(page, { language: 'fi' });
    assert.equal(await page.locator('select[name=variant]').inputValue(), '');
    await onward(page, 5);
    await onward(page, 6);
    await onward(page, LAST);
    await change(page, { language: 'sv', variant: '' });
    assert.deepEqual(await shown(page), ['Förbättrats lite', 'Förbättrats mycket', 'Mycket liten/ingen betydelse',
      'Mycket nöjd', 'Inget svar', 'Inget svar']);
    await option(page, 'helped', 3).check();
    await change(page, { language: 'uk' });
    assert.deepEqual(await chosen(page), { helped: '3' });
    await send(page).click();
    await page.locator('main:not([data-page])').waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'uk');
  }));
  assert.deepEqual(ballots, ['2,1,4,1,0,0 staff']);
});

both('on the first page, before and after an answer', async (options) => {
  await withPage(browser, options, async (page) => {
    await page.goto(daemons.invitation());
    await change(page, { language: 'so' });
    await walk(page, [5], 2);
    await backButton(page).click();
    await at(page, 1);
    await backButton(page).click();
    await at(page, 0);
    await change(page, { language: 'pl', variant: '' });
    assert.deepEqual(await carried(page), { q1: '5' });
    await onward(page, 1);
    assert.deepEqual(await chosen(page), { q1: '5' });
    assert.equal(await page.locator('html').getAttribute('lang'), 'pl');
  });
});

test('the browser\'s language is the first, Swedish when we have none of them', async () => {
  const address = daemons.invitation();
  for (const [locale, language] of [['fi-FI', 'fi'], ['ti-ER', 'ti'], ['fa-IR', 'fa'], ['ja-JP', 'sv']]) {
    await withPage(browser, { locale }, async (page) => {
      await page.goto(address);
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      // Each language is named in itself.
      const named = await page.locator('select[name=lang] option').evaluateAll(
        (all) => all.map((o) => [o.value, o.lang, o.textContent]));
      assert.ok(named.every(([value, lang]) => value === lang));
      assert.deepEqual(new Set(named.map(([, , text]) => text)), new Set(['Svenska', 'English', 'Suomi', 'العربية',
        'فارسی', 'Soomaali', 'ትግርኛ', 'Polski', 'Українська']));
    });
  }
});

// Which of two boxes comes first in the direction of reading.
const before_ = (one, other, rtl) => (rtl ? one.x >= other.x + other.width : one.x + one.width <= other.x);

for (const language of ['sv', 'ar', 'fa']) {
  const rtl = language !== 'sv';
  test(`read from ${rtl ? 'right to left' : 'left to right'} as a whole: ${language}`, async () => {
    const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
      await page.goto(`${daemons.invitation()}?lang=${language}&variant=bildstod`);
      const box = (locator) => locator.boundingBox();
      for (let number = 1; number <= QUESTIONS.length; number++) {
        await onward(page, number);
        assert.equal(await page.locator('html').getAttribute('dir'), rtl ? 'rtl' : 'ltr');
        for (const row of await page.locator('.option').all()) {
          const [radio, words] = [await box(row.locator('input')), await box(row.locator('span'))];
          assert.ok(before_(radio, words, rtl), `page ${number}: radio ${radio.x}, words ${words.x}`);
          if (await row.locator('svg').count()) {
            const face = await box(row.locator('svg'));
            assert.ok(before_(radio, face, rtl) && before_(face, words, rtl), `page ${number}: face ${face.x}`);
            assert.ok(face.y < words.y + words.height && words.y < face.y + face.height, 'beside, not above');
          }
        }
        const [next, back] = [await box(page.locator('.way button').first()), await box(backButton(page))];
        assert.ok(before_(next, back, rtl), `page ${number}: on ${next.x}, back ${back.x}`);
        const main = await box(page.locator('main'));
        assert.equal(Math.round(rtl ? main.x + main.width - next.x - next.width : next.x - main.x), 16);
        const [city, leave] = [await box(page.locator('header p')), await box(page.locator('.leave'))];
        assert.ok(before_(city, leave, rtl));
        await page.locator('.option').first().click();
      }
      await onward(page, LAST);
      await send(page).click();
      await page.locator('main:not([data-page])').waitFor();
    }));
    assert.deepEqual(ballots, ['1,1,1,1,1,1 unsaid']);
  });
}

test('the city\'s Swedish name is marked as Swedish on a page in another language', async () => {
  await withPage(browser, {}, async (page) => {
    await page.goto(`${daemons.invitation()}?lang=ar`);
    assert.deepEqual(await page.getByText('Exempelstaden', { exact: true }).evaluateAll(
      (all) => [...new Set(all.map((e) => `${e.lang} ${e.dir}`))]), ['sv ltr']);
  });
});

// What goes wrong.

both('nothing sent: the message says what to do, and the invitation is not spent', async (options) => {
  const address = daemons.invitation();
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    await page.goto(address);
    await walk(page, ['', '']);
    const [answer] = await Promise.all([page.waitForResponse(address), send(page).click()]);
    assert.equal(answer.status(), 422);
    await page.getByText(/^Svara på minst en fråga .* ”Nej tack”\.$/).waitFor();
    assert.match(await page.title(), /^Se över dina svar: /);
    assert.deepEqual(await carried(page), { q1: '', q2: '' });
    assert.equal((await page.goto(address)).status(), 200);
  }));
  assert.deepEqual(ballots, []);
});

test('a broken answer: its question again with the message, and the rest is kept', async () => {
  const address = daemons.invitation();
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(address);
    await walk(page, [1, 2, 4, undefined, undefined, 4]);
    await page.evaluate(() => document.querySelectorAll('[name=q1]').forEach((input) => { input.value = '9'; }));
    const [answer] = await Promise.all([page.waitForResponse(address), send(page).click()]);
    assert.equal(answer.status(), 422);
    await at(page, 1);
    assert.match(await page.getByRole('alert').textContent(), /Välj igen på frågan där inget är valt/);
    assert.deepEqual(await chosen(page), {});
    assert.deepEqual(await carried(page), { q2: '2', q3: '4', q6: '4' });
    await option(page, 'q1', 1).check();
    for (let number = 2; number <= LAST; number++) {
      await onward(page, number);
    }
    await send(page).click();
    await assertThanks(page);
  }));
  assert.deepEqual(ballots, ['1,2,4,0,0,4 unsaid']);
});

both('a double click sends one ballot, and thanks', async (options) => {
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [undefined, undefined, undefined, 3]);
    await send(page).dblclick();
    await assertThanks(page);
    await page.waitForLoadState('networkidle');
    await assertThanks(page);
  }));
  assert.deepEqual(ballots, ['0,0,0,3,0,0 unsaid']);
});

// The post never arrives, or its reply doesn't.
for (const cut of ['request', 'reply']) {
  both(`the ${cut} is lost at send: sent again it is there once, and the person learns of it`, async (options) => {
    const ballots = await newBallots(() => withWitness(daemons.base, (witness) => withPage(browser, options,
      async (page) => {
        await page.goto(daemons.invitation(witness));
        await walk(page, [1, 1, 1, 1, 1, 2]);
        await option(page, 'helped', 1).check();
        witness.cut = cut;
        witness.seen.length = 0;
        await send(page).click({ noWaitAfter: true });
        if (options.javaScriptEnabled) {
          await page.getByText('Det gick inte att nå oss just nu.').waitFor();
          assert.deepEqual(await carried(page), Object.fromEntries(QUESTIONS.map((q, n) => [q, n === 5 ? '2' : '1'])));
          assert.deepEqual(await chosen(page), { helped: '1' });
        } else {
          await browsersOwnPage(page);
        }
        assert.ok(witness.seen.length >= 1);
        assert.deepEqual(new Set(witness.seen.map((s) => s.status)), new Set([cut === 'reply' ? 200 : undefined]));
        witness.cut = null;
        if (options.javaScriptEnabled) {
          await send(page).click();
        } else {
          await page.reload();
        }
        await assertThanks(page);
      })));
    assert.deepEqual(ballots, ['1,1,1,1,1,2 self']);
  });
}

test('the connection is lost between two questions: the page says so and goes on when it is back', async () => {
  await withWitness(daemons.base, (witness) => withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitation(witness));
    await walk(page, [1], 2);
    await option(page, 'q2', 3).check();
    for (let times = 0; times < 2; times++) {
      witness.cut = 'request';
      await page.locator('.way button').first().click();
      await page.getByText('Det gick inte att nå oss just nu.').waitFor();
      assert.deepEqual(await chosen(page), { q2: '3' });
      witness.cut = null;
      await onward(page, 3);
      assert.equal(await page.getByText('Det gick inte att nå oss just nu.').count(), 0);
      await backButton(page).click();
      await at(page, 2);
    }
    assert.deepEqual(await carried(page), { q1: '1' });
  }));
});

both('the server\'s disk is full at send: nothing is lost, and it can be sent again', async (options) => {
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    await page.goto(daemons.invitation());
    await walk(page, [undefined, 2]);
    await daemons.withFullDisk(async () => {
      await send(page).click();
      await page.getByText(options.javaScriptEnabled ? 'Det gick inte att nå oss just nu.' :
        'Vi kan inte spara dina svar just nu').waitFor();
    });
    if (options.javaScriptEnabled) {
      await send(page).click();
    } else {
      await page.reload();
    }
    await assertThanks(page);
  }));
  assert.deepEqual(ballots, ['0,2,0,0,0,0 unsaid']);
});

for (const button of ['Fel person', 'Nej tack']) {
  both(`declined with ${button}`, async (options) => {
    const address = daemons.invitation();
    const ballots = await newBallots(() => withPage(browser, options, async (page) => {
      await page.goto(address);
      // Chosen answers are not sent along.
      await walk(page, [1], 1);
      await option(page, 'q1', 1).check();
      await backButton(page).click();
      await at(page, 0);
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('heading', { name: 'Tack för att du sa till' }).waitFor();
      assert.equal((await page.goto(address)).status(), 410);
    }));
    assert.deepEqual(ballots, []);
  });
}

// The quick way out.

async function assertElsewhere(page) {
  await page.getByText('elsewhere, from None').waitFor();
  assert.equal(await page.evaluate(() => document.referrer), '');
}

both('"Lämna sidan" leads away at once from every page, and gives no address', async (options) => {
  await withPage(browser, options, async (page) => {
    for (const number of [0, 3, LAST]) {
      await page.goto(daemons.invitation());
      await walk(page, [1, 1, 1], number);
      // Also when the page is read to its end.
      await page.locator('footer a').last().scrollIntoViewIfNeeded();
      const leave = page.getByRole('link', { name: 'Lämna sidan' });
      const { y, height } = await leave.boundingBox();
      assert.ok(y >= 0 && y + height <= 844, `page ${number}: at ${y} px`);
      await leave.click();
      await assertElsewhere(page);
    }
  });
});

test('so does Shift three times, and what was there is gone', async () => {
  await withPage(browser, {}, async (page) => {
    for (const number of [0, 2]) {
      const address = daemons.invitation();
      await page.goto(address);
      await walk(page, [1], number);
      for (const key of ['Shift', 'Shift', 'ArrowDown', 'Shift', 'Shift']) {
        await page.keyboard.press(key);
      }
      assert.equal(page.url(), address);
      await page.keyboard.press('Shift');
      await assertElsewhere(page);
      await page.goBack();
      assert.deepEqual([await chosen(page), await carried(page)], [{}, {}]);
    }
    await page.goto(daemons.invitation());
    assert.match(await page.locator('footer').textContent(), /webbläsarens historik/);
  });
});

// Read aloud.

const LOCAL = { lang: 'sv-SE', name: 'Alva', localService: true };

// A browser with these voices; what it is told to say is kept in `spoken`.
function withVoices(voices, work) {
  return withPage(browser, {}, async (page) => {
    await page.addInitScript((known) => {
      const tts = {
        speaking: false,
        getVoices: () => known,
        speak(utterance) {
          this.speaking = utterance;
          globalThis.spoken.push({ text: utterance.text, lang: utterance.lang, voice: utterance.voice.name });
        },
        cancel() {
          const ended = this.speaking;
          this.speaking = false;
          ended && ended.onerror();
        },
      };
      globalThis.spoken = [];
      globalThis.voices = known;
      Object.defineProperty(globalThis, 'speechSynthesis', { value: tts });
      globalThis.SpeechSynthesisUtterance = function (text) { this.text = text; };
    }, voices);
    await work(page, page.getByRole('button', { name: 'Läs upp' }));
  });
}

for (const [what, voices] of [
  ['without a voice', []],
  ['with a voice that is not the browser\'s own', [{ ...LOCAL, localService: false }]],
  ['with a voice for another language', [{ ...LOCAL, lang: 'en-GB' }]],
]) {
  test(`nothing is read aloud ${what}`, () => withVoices(voices, async (page, aloud) => {
    await page.goto(daemons.invitation());
    for (let number = 0; number <= LAST; number++) {
      assert.equal(await aloud.count(), 0);
      assert.equal(await page.locator('[data-stop]').count(), 1);
      if (number === 1) {
        await option(page, 'q1', 1).check();
      }
      if (number < LAST) {
        await onward(page, number + 1);
      }
    }
  }));
}

test('the page is read aloud in its order, with the browser\'s own voice, and can be stopped', () => withVoices(
  [{ ...LOCAL, name: 'far', localService: false }, { ...LOCAL, lang: 'en-GB', name: 'Sue' }, LOCAL],
  async (page, aloud) => {
    await page.goto(daemons.invitation());
    const last = () => page.evaluate(() => globalThis.spoken.at(-1));
    const stop = page.getByRole('button', { name: 'Sluta läsa' });
    await aloud.click();
    assert.match((await last()).text, new RegExp(`^${FIRST.replace('?', '\\?')}\\. Exempelstaden vill veta .* sv`, 's'));
    await onward(page, 1);
    await aloud.click();
    const words = await page.locator('h1, .option span').evaluateAll((all) => all.map((e) => e.innerText));
    assert.deepEqual(await last(), { text: words.join('. '), lang: 'sv-SE', voice: 'Alva' });
    assert.equal(words.length, 8);
    await stop.click();
    await aloud.waitFor();
    assert.equal(await page.evaluate(() => speechSynthesis.speaking), false);
    // The next page ends it.
    await aloud.click();
    await onward(page, 2);
    assert.equal(await page.evaluate(() => speechSynthesis.speaking), false);
    // In another language another voice; none, no button.
    await change(page, { language: 'en' });
    await page.getByRole('button', { name: 'Read aloud' }).click();
    assert.equal((await last()).voice, 'Sue');
    await change(page, { language: 'ti' });
    assert.equal(await page.locator('[data-stop]:visible').count(), 0);
  }));

test('a voice that the browser finds later is used', () => withVoices([], async (page, aloud) => {
  await page.goto(daemons.invitation());
  assert.equal(await aloud.count(), 0);
  await page.evaluate((voice) => {
    globalThis.voices.push(voice);
    globalThis.speechSynthesis.onvoiceschanged();
  }, LOCAL);
  await aloud.waitFor();
}));

// Everything on one page.

both('the form on one page', async (options) => {
  const ballots = await newBallots(() => withPage(browser, options, async (page) => {
    const address = daemons.invitationWhole();
    await page.goto(address);
    assert.equal(await page.locator('fieldset').count(), QUESTIONS.length + 1);
    const [answer] = await Promise.all([page.waitForResponse(address), send(page).click()]);
    assert.equal(answer.status(), 422);
    await page.getByText(/^Svara på minst en fråga/).waitFor();
    await option(page, 'q1', 5).check();
    await option(page, 'q4', 2).check();
    await option(page, 'q6', '').check();
    await option(page, 'helped', 2).check();
    await change(page, { language: 'ar', variant: 'bildstod' });
    assert.deepEqual(await chosen(page), { q1: '5', q4: '2', q6: '', helped: '2' });
    await change(page, { language: 'sv' });
    await send(page).dblclick();
    await assertThanks(page);
    assert.equal((await page.goto(address)).status(), 410);
  }), () => daemons.boxWhole());
  assert.deepEqual(ballots, ['5,0,0,2,0,0 relative']);
});

test('the form on one page, with the keyboard alone', async () => {
  const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
    await page.goto(daemons.invitationWhole());
    assert.equal(await tab(page), 'Lämna sidan');
    assert.deepEqual([await tab(page), await tab(page), await tab(page)], ['lang', 'variant', 'page']);
    for (const question of QUESTIONS) {
      assert.equal(await tab(page), question);
      await page.keyboard.press('Space');
    }
    assert.equal(await tab(page), 'helped');
    assert.equal(await tab(page), 'Skicka mina svar');
    await page.keyboard.press('Enter');
    await assertThanks(page);
    assert.ok(await focusOnHeading(page));
  }), () => daemons.boxWhole());
  assert.deepEqual(ballots, ['1,1,1,1,1,1 unsaid']);
});

for (const button of ['Fel person', 'Nej tack']) {
  test(`on one page, declined with ${button}`, async () => {
    const ballots = await newBallots(() => withPage(browser, {}, async (page) => {
      await page.goto(daemons.invitationWhole());
      await option(page, 'q1', 1).check();
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('heading', { name: 'Tack för att du sa till' }).waitFor();
    }), () => daemons.boxWhole());
    assert.deepEqual(ballots, []);
  });
}
