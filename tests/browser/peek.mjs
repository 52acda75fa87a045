import { launchBrowser } from './daemons.mjs';
const [base, code, out, lang, variant, scheme, ...steps] = process.argv.slice(2);
const b = await launchBrowser();
const c = await b.newContext({ viewport: { width: 320, height: 640 }, colorScheme: scheme, deviceScaleFactor: 1 });
const p = await c.newPage();
p.on('console', (m) => console.log('console', m.text()));
p.on('pageerror', (m) => console.log('error', m));
await p.goto(`${base}/${code}?lang=${lang}&variant=${variant}`);
await p.screenshot({ path: `${out}-0.png`, fullPage: true });
await p.locator('form[method=post] button').first().click();
await p.locator('main[data-page="1"]').waitFor();
await p.locator('.option').nth(1).click();
await p.screenshot({ path: `${out}-1.png`, fullPage: true });
for (let i = 2; i <= 7; i++) { await p.locator('.way button').first().click(); await p.locator(`main[data-page="${i}"]`).waitFor(); if (i < 7) await p.locator('.option').nth(1).click(); }
await p.screenshot({ path: `${out}-7.png`, fullPage: true });
await b.close();
