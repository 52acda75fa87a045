// The steps of a respondent's way through the form, in any language: by what the pages are made of, not by their words.
import assert from 'node:assert/strict';

export const QUESTIONS = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6'];
export const LAST = QUESTIONS.length + 1;
export const THANKS = 'Tack för dina svar!';

export const heading = (page) => page.locator('h1').textContent();
export const option = (page, question, value) => page.locator(`input[name=${question}][value="${value}"][type=radio]`);
// On the last page and on the only one.
export const send = (page) => page.locator('.way button[type=submit]:not([name])');
export const backButton = (page) => page.locator('.way .quiet[name=page]');

// Waits for the form's page of that number.
export const at = (page, number) => page.locator(`main[data-page="${number}"]`).waitFor();

// The button that goes on, and then the page of that number.
export async function onward(page, number) {
  await page.locator('.way button').first().click();
  await at(page, number);
}

// From page 0 to page `to`, with codes[n] for question n + 1: undefined leaves it, '' is "Jag vill inte svara".
export async function walk(page, codes, to = LAST) {
  let number = 0;
  while (number < to) {
    await page.locator('.way button').first().click();
    await page.locator(`main:not([data-page="${number}"])`).waitFor();
    number = Number(await page.locator('main').getAttribute('data-page'));
    const code = codes[number - 1];
    if (number < to && code !== undefined) {
      await option(page, QUESTIONS[number - 1], code).check();
    }
  }
  assert.equal(number, to);
}

export async function assertThanks(page) {
  await page.getByRole('heading', { name: THANKS }).waitFor();
}

// What is chosen on the page, by question.
export function chosen(page) {
  return page.locator('input:checked').evaluateAll(
    (all) => Object.fromEntries(all.map((input) => [input.name, input.value])));
}

// What the form carries of the other pages, by question.
export function carried(page) {
  return page.locator('input[type=hidden]').evaluateAll((all) => Object.fromEntries(
    all.filter((input) => /^q\d+$/.test(input.name)).map((input) => [input.name, input.value])));
}

// The answers that the last page shows, in its own words.
export function shown(page) {
  return page.locator('dd b').evaluateAll((all) => all.map((b) => b.textContent));
}

// Changes the language, the variant or both, and waits for the page in it. Of two places to do that the last one keeps
// what is chosen.
export async function change(page, { language, variant }) {
  const choose = page.locator('.choose').last();
  if (language !== undefined) {
    await choose.locator('select[name=lang]').selectOption(language);
  }
  if (variant !== undefined) {
    await choose.locator('select[name=variant]').selectOption(variant);
  }
  const number = await page.locator('main').getAttribute('data-page');
  await choose.locator('button').click();
  if (language !== undefined) {
    await page.locator(`html[lang=${language}]`).waitFor();
  }
  if (variant !== undefined) {
    await choose.locator(`select[name=variant] option[selected][value="${variant}"]`).waitFor({ state: 'attached' });
  }
  assert.equal(await page.locator('main').getAttribute('data-page'), number);
}

// From page 0 straight to page `to`, with codes[n] for question n + 1, as if they had been given on the way.
export async function jump(page, to, codes) {
  await page.locator('main[data-page="0"]').evaluate((main, [number, given]) => {
    const button = main.querySelector('.way button');
    button.value = number;
    for (const [name, value] of given) {
      const field = Object.assign(document.createElement('input'), { type: 'hidden', name, value });
      button.form.append(field);
    }
  }, [to, codes.map((code, n) => [QUESTIONS[n], code])]);
  await onward(page, to);
}
