// Makes deploy/pictures from the running programs and invented people: `BUILD=build node tests/browser/pictures.mjs`.
// Needs Debian's pngquant, which makes the files small enough to keep with the source.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Daemons, launchBrowser, withPage } from './daemons.mjs';
import { onward, option } from './journey.mjs';

const FOLDER = fileURLToPath(new URL('../../deploy/pictures/', import.meta.url));
const MOST_BYTES = 80000;

function keep(name, picture) {
  const file = FOLDER + name;
  writeFileSync(file, execFileSync('pngquant', ['--speed', '1', '--strip', '32', '-'], { input: picture }));
  const { size } = statSync(file);
  if (size > MOST_BYTES) {
    throw new Error(`${file} is ${size} bytes, more than ${MOST_BYTES}`);
  }
  console.log(`${file}: ${size} bytes`);
}

async function form(browser, daemons) {
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'light' };
  await withPage(browser, phone, async (page) => {
    await page.goto(daemons.invitation());
    await onward(page, 1);
    await option(page, 'q1', 2).check();
    await page.locator('h1').focus();
    keep('form.png', await page.screenshot());
  });
}

async function report(browser, daemons) {
  await withPage(browser, { viewport: { width: 1200, height: 900 }, deviceScaleFactor: 1.5 }, async (page) => {
    await page.goto(daemons.base + daemons.results[0]);
    const second = await page.locator('#q2').boundingBox();
    keep('report.png', await page.screenshot(
      { fullPage: true, clip: { x: 0, y: 0, width: 1200, height: second.y - 16 } }));
  });
}

mkdirSync(FOLDER, { recursive: true });
const daemons = await Daemons.start('--people', '1400');
const browser = await launchBrowser();
await form(browser, daemons);
await report(browser, daemons);
await browser.close();
await daemons.stop();
