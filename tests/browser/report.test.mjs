// The result page: its tables, the bars drawn from them, small and wide screens, paper.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoSideways } from './checks.mjs';
import { browser, daemons, useBoth, withPage } from './daemons.mjs';

useBoth();

async function onEachResult(options, work) {
  for (const path of daemons.results) {
    await withPage(browser, { viewport: { width: 1200, height: 900 }, ...options }, async (page) => {
      await page.goto(daemons.base + path);
      await work(page, path);
    });
  }
}

// Every table as text, with what its bars say and how they are drawn.
function tables(page) {
  return page.locator('table').evaluateAll((all) => all.map((table) => {
    const region = table.closest('[tabindex="0"]');
    const legend = region.nextElementSibling?.matches('.key') ? [...region.nextElementSibling.children] : [];
    return {
      name: document.getElementById(region.getAttribute('aria-labelledby')).textContent,
      heads: [...table.tHead.rows[0].cells].map((c) => ({ tag: c.tagName, scope: c.scope, text: c.textContent })),
      colours: Object.fromEntries(legend.map((item) => [
        item.querySelector('rect').getAttribute('fill'), item.textContent])),
      rows: [...table.tBodies[0].rows].map((row) => ({
        head: { tag: row.cells[0].tagName, scope: row.cells[0].scope, text: row.cells[0].textContent },
        cells: [...row.cells].map((c) => c.textContent),
        bar: row.querySelector('svg') && {
          role: row.querySelector('svg').getAttribute('role'),
          label: row.querySelector('svg').getAttribute('aria-label'),
          middle: Number(row.querySelector('line').getAttribute('x1')),
          rects: [...row.querySelectorAll('rect')].map((r) => ({
            x: Number(r.getAttribute('x')), width: Number(r.getAttribute('width')), fill: r.getAttribute('fill') })),
        },
      })),
    };
  }));
}

test('every table has a name, headers and rows of the same length', async () => {
  await onEachResult({}, async (page, path) => {
    const all = await tables(page);
    assert.equal(all.length, 7, path);
    for (const { name, heads, rows } of all) {
      assert.ok(name, path);
      assert.ok(rows.length >= 2, name);
      for (const { tag, scope, text } of heads) {
        assert.deepEqual([tag, scope], ['TH', 'col'], name);
        assert.ok(text, name);
      }
      for (const { head, cells } of rows) {
        assert.deepEqual([head.tag, head.scope], ['TH', 'row'], name);
        assert.equal(cells.length, heads.length, `${name}, ${head.text}`);
      }
      assert.equal(new Set(rows.map((row) => row.head.text)).size, rows.length, name);
    }
  });
});

// The places of the options' columns: between the bar's and "Vet inte".
function optionColumns(heads) {
  const from = heads.findIndex((h) => h.text === 'Fördelning') + 1;
  const to = heads.findIndex((h) => h.text === 'Vet inte');
  return heads.slice(from, to).map((h, n) => [h.text, from + n]);
}

test('a bar says and shows what its row has', async () => {
  let bars = 0;
  let hidden = 0;
  await onEachResult({}, async (page) => {
    for (const { name, heads, colours, rows } of (await tables(page)).slice(1)) {
      const columns = optionColumns(heads);
      for (const { head, cells, bar } of rows) {
        const what = `${name}, ${head.text}`;
        if (!bar) {
          // What is hidden is hidden in the figure and in the table.
          assert.deepEqual(columns.map(([, at]) => cells[at]), columns.map(() => ''), what);
          hidden++;
          continue;
        }
        bars++;
        const counts = columns.map(([, at]) => Number(cells[at]));
        const graded = counts.reduce((a, b) => a + b);
        assert.equal(graded, Number(cells[1]), what);
        const said = columns.map(([text], n) => `${text} ${Math.round(100 * counts[n] / graded)}`);
        assert.equal(bar.role, 'img');
        // Which way a half is rounded is the C library's business.
        const numbers = (text) => text.match(/\d+(?=,| procent)/g).map(Number);
        assert.equal(bar.label.replace(/\d+/g, '#'), `${said.join(', ')} procent`.replace(/\d+/g, '#'), what);
        numbers(bar.label).forEach((value, n) => {
          assert.ok(Math.abs(value - 100 * counts[n] / graded) <= 0.5, `${what}: ${bar.label}`);
        });
        const half = bar.middle;
        for (const { x, width, fill } of bar.rects) {
          const place = columns.findIndex(([text]) => text === colours[fill]);
          assert.ok(Math.abs(width - half * counts[place] / graded) < 0.1, `${what}: ${colours[fill]}`);
          // The two best answers lie to the right of the middle.
          assert.ok(place < 2 ? x >= half - 0.1 : x + width <= half + 0.1, `${what}: ${colours[fill]}`);
        }
        assert.equal(bar.rects.length, 4, what);
      }
    }
  });
  assert.ok(bars >= 12 && hidden >= 6, `${bars} bars, ${hidden} hidden`);
});

test('the page never scrolls sideways; a table that does can be scrolled with the keyboard', async () => {
  for (const width of [320, 768, 1200]) {
    await onEachResult({ viewport: { width, height: 800 } }, async (page, path) => {
      await assertNoSideways(page, `${path} at ${width} px`);
      const wide = await page.locator('[tabindex="0"]').evaluateAll(
        (all) => all.filter((region) => region.scrollWidth > region.clientWidth).length);
      assert.ok(width < 1200 ? wide > 0 : wide === 0, `${wide} tables scroll at ${width} px`);
      if (width === 320) {
        const region = page.locator('[tabindex="0"]').nth(1);
        await region.focus();
        await page.keyboard.press('ArrowRight');
        await page.waitForFunction((r) => r.scrollLeft > 0, await region.elementHandle());
        // The rows' names stay in sight.
        const left = await region.locator('tbody th').first().evaluate((th) => th.getBoundingClientRect().left);
        assert.ok(left >= 0, `the row's name is at ${left} px`);
      }
    });
  }
});

test('on paper nothing is cut off', async () => {
  const paper = { width: 1032, height: 703 };
  await onEachResult({ viewport: paper }, async (page, path) => {
    await page.emulateMedia({ media: 'print' });
    const cut = await page.locator('table').evaluateAll((all) => all
      .filter((table) => table.getBoundingClientRect().right > document.body.clientWidth)
      .map((table) => table.textContent.slice(0, 60)));
    assert.deepEqual(cut, [], path);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
    const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    assert.ok(pages >= 2 && pages <= 7, `${path} fills ${pages} pages`);
  });
});
