// What every page must pass, whoever it is for.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

// Not a word from the Nu Html Checker, warnings and notes on CSS included, about any of the pages: [{ what, html }].
export async function assertVnuClean(pages) {
  const { default: vnu } = await needed('vnu-jar');
  const folder = mkdtempSync(join(tmpdir(), 'brukarenkat-vnu.'));
  try {
    const files = new Map(pages.map(({ what, html }, n) => {
      const file = join(folder, `${n}.html`);
      writeFileSync(file, html);
      return [file, what];
    }));
    // Java is slow to start: one for all of them.
    const { stdout, stderr } = await promisify(execFile)('java', ['-jar', String(vnu), '--format', 'json', '--stdout',
      '--verbose', '--exit-zero-always', folder], { maxBuffer: 1 << 26 });
    const findings = JSON.parse(stdout).messages.map((m) =>
      `${files.get(m.url && fileURLToPath(m.url))}, line ${m.lastLine}, ${m.subType ?? m.type}: ${m.message}`);
    assert.deepEqual(findings, [], 'vnu');
    // The files that were looked at.
    const seen = stderr.split('\n').filter((line) => line.startsWith(folder));
    assert.deepEqual(seen.sort(), [...files.keys()].sort());
    assert.ok(seen.length, 'vnu was given no page');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Where a second tool reaches the browser: launchBrowser has it listen with --remote-debugging-port=0.
async function debuggerOf(browser) {
  const session = await browser.newBrowserCDPSession();
  const { arguments: flags } = await session.send('Browser.getBrowserCommandLine');
  await session.detach();
  const folder = flags.find((flag) => flag.startsWith('--user-data-dir=')).split('=')[1];
  const [port, path] = readFileSync(join(folder, 'DevToolsActivePort'), 'utf8').split('\n');
  return `ws://127.0.0.1:${port}${path}`;
}

// Lighthouse's accessibility category on the page as it stands: also one reached by POST, in the scheme it is shown in.
// The audits are those of a page that Lighthouse loads itself. One at a time, and not without JavaScript.
export async function lighthouseAccessibility(page) {
  const { snapshot } = await needed('lighthouse');
  const { default: puppeteer } = await needed('puppeteer-core');
  const session = await page.context().newCDPSession(page);
  const { targetInfo } = await session.send('Target.getTargetInfo');
  await session.detach();
  const other = await puppeteer.connect({
    browserWSEndpoint: await debuggerOf(page.context().browser()),
    defaultViewport: null,
    targetFilter: (target) => target.type() !== 'page' || target._targetId === targetInfo.targetId,
  });
  try {
    const [same] = await other.pages();
    const { lhr } = await snapshot(same, { flags: {
      onlyCategories: ['accessibility'], screenEmulation: { disabled: true }, emulatedUserAgent: false,
      disableFullPageScreenshot: true, throttlingMethod: 'provided', disableStorageReset: true,
    } });
    const { score, auditRefs } = lhr.categories.accessibility;
    const failures = auditRefs.map(({ id }) => lhr.audits[id])
      .filter((audit) => audit.scoreDisplayMode === 'error' || (audit.score !== null && audit.score < 1))
      .map((audit) => `${audit.id}: ${audit.errorMessage ??
        audit.details?.items?.map((item) => item.node?.snippet).join(' ')}`);
    return { score, failures };
  } finally {
    await other.disconnect();
  }
}

// A full score, and nothing that Lighthouse found without counting it.
export async function assertLighthouse(page, what) {
  assert.deepEqual(await lighthouseAccessibility(page), { score: 1, failures: [] }, `Lighthouse: ${what}`);
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

// No letter is drawn as the box that stands for a missing one.
export async function assertGlyphs(page, what) {
  const missing = await page.evaluate(() => {
    const canvas = new OffscreenCanvas(64, 64).getContext('2d', { willReadFrequently: true });
    canvas.font = `32px ${getComputedStyle(document.body).fontFamily}`;
    const drawn = (letter) => {
      canvas.clearRect(0, 0, 64, 64);
      canvas.fillText(letter, 16, 44);
      return canvas.getImageData(0, 0, 64, 64).data.join();
    };
    // No code point that has or will have a glyph.
    const box = drawn('\u{10fffd}');
    return [...new Set(document.body.innerText)].filter((letter) => letter.trim() && drawn(letter) === box);
  });
  assert.deepEqual(missing, [], `letters without a glyph: ${what}`);
}
