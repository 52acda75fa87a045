// What every page must pass, whoever it is for.
import assert from 'node:assert/strict';
import { needed } from './daemons.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

// Zero findings of axe. Respondents' pages are held to the contrast of level AAA, 7:1.
export async function assertAccessible(page, what, { enhanced = true } = {}) {
  const { default: axe } = await needed('axe-core');
  if (!await page.evaluate(() => typeof globalThis.axe === 'object')) {
    await page.evaluate(axe.source);
  }
  const found = await page.evaluate(([values, enabled]) => globalThis.axe.run(document, {
    runOnly: { type: 'tag', values },
    rules: { 'color-contrast-enhanced': { enabled }, 'target-size': { enabled: true } },
    resultTypes: ['violations', 'incomplete'],
  }), [TAGS, enhanced]);
  // What axe can't decide about contrast nobody has decided.
  const undecided = found.incomplete.filter((rule) => rule.id.startsWith('color-contrast'));
  const findings = [...found.violations, ...undecided].flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`));
  assert.deepEqual(findings, [], `axe-core: ${what}`);
  const ran = [...found.passes, ...found.incomplete].map((rule) => rule.id);
  assert.ok(ran.includes(enhanced ? 'color-contrast-enhanced' : 'color-contrast'), `no contrast looked at: ${what}`);
}

// Zero findings of html-validate in the page as it was sent.
export async function assertValidHtml(html, what) {
  const { HtmlValidate, FileSystemConfigLoader } = await needed('html-validate');
  const validator = new HtmlValidate(new FileSystemConfigLoader());
  const report = await validator.validateString(html, new URL('page.html', import.meta.url).pathname);
  const findings = report.results.flatMap((result) => result.messages)
    .map((m) => `${m.ruleId}, line ${m.line}: ${m.message}`);
  assert.deepEqual(findings, [], `html-validate: ${what}`);
}

export async function assertNoSideways(page, what) {
  const { wide, room } = await page.evaluate(() => {
    const root = document.scrollingElement;
    return { wide: root.scrollWidth, room: root.clientWidth };
  });
  assert.ok(wide <= room, `${what} is ${wide} px wide in ${room} px`);
}

// Elements that are less than `least` px wide or high.
export async function assertTargets(page, selector, least, what) {
  const sizes = await page.locator(selector).evaluateAll((all) => all.map((element) => {
    const box = element.getBoundingClientRect();
    return { name: element.textContent.trim() || element.id, width: box.width, height: box.height };
  }));
  assert.ok(sizes.length, `${what} has no ${selector}`);
  assert.deepEqual(sizes.filter((size) => size.width < least || size.height < least), [],
    `targets below ${least} px: ${what}`);
}

// A checked and an empty radio must look it: the share of a radio's middle that differs from the page's ground.
export async function radioFill(page, radio) {
  const picture = (await radio.screenshot()).toString('base64');
  return page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    const ground = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    const from = Math.round(bitmap.width * 0.2);
    const size = bitmap.width - 2 * from;
    const pixels = canvas.getImageData(from, from, size, size).data;
    let far = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      far += Math.max(...ground.map((c, n) => Math.abs(c - pixels[i + n]))) > 60;
    }
    return far / (size * size);
  }, picture);
}
