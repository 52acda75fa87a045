// Many pages in one picture, for the eye.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withPage } from './daemons.mjs';

// $BUILD/NAME.html and NAME.png. rows: [heading, [{ alt, png, width }]], so many beside each other in `wide` px.
export async function keepSheet(browser, name, rows, { columns, wide }) {
  const images = (pictures) => pictures.map(
    ({ alt, png, width }) => `<img alt="${alt}" width="${width}" src="data:image/png;base64,${png}">`).join('');
  const sheet = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheet</title>
    <style>body{margin:8px;background:#999;font:20px sans-serif}h2{margin:0}
    main{display:grid;grid-template-columns:repeat(${columns},auto);justify-content:start;gap:0 24px}
    section{display:flex;gap:6px;align-items:start;margin-block-end:16px}</style><main>
    ${rows.map(([heading, pictures]) => `<div><h2>${heading}</h2><section>${images(pictures)}</section></div>`)
    .join('')}</main></html>`;
  const folder = process.env.BUILD ?? 'build';
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.html`), sheet);
  await withPage(browser, { viewport: { width: wide, height: 1000 } }, async (page) => {
    await page.setContent(sheet);
    await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
    assert.equal(await page.locator('img').count(), rows.flatMap(([, pictures]) => pictures).length);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  });
}
