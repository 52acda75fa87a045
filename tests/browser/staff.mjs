// The steps of a member of staff, by hand: in either language, by what the pages are made of.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

export const PASSWORD = 'sju sjösjuka sjömän';
const STEP = 30_000;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

// RFC 6238, for the key as the page shows it.
function totp(key, step) {
  const bits = [...key].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'));
  const secret = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', secret).update(counter).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

export const submit = (page) => page.locator('main button').last();

export class Member {
  constructor({ base, links }, name) {
    Object.assign(this, { base, link: links[name], name, step: 0 });
  }

  // One that was not used yet: this step's, the next one's, then the recovery codes.
  code() {
    const now = Math.floor(Date.now() / STEP);
    const step = Math.max(now, this.step + 1);
    if (step > now + 1) {
      return this.recovery.pop();
    }
    this.step = step;
    return totp(this.key, step);
  }

  async choose(page) {
    await page.locator('#new').fill(PASSWORD);
    await page.locator('#again').fill(PASSWORD);
    await submit(page).click();
    await this.readKey(page);
  }

  async readKey(page) {
    await page.locator('.qr').waitFor();
    this.key = (await page.locator('main code').textContent()).replaceAll(' ', '');
  }

  async connect(page) {
    await page.locator('#code').fill(this.code());
    await submit(page).click();
    await this.keepRecovery(page);
  }

  async keepRecovery(page) {
    await page.locator('.codes').waitFor();
    this.recovery = await page.locator('.codes code').allTextContents();
  }

  async enrol(page) {
    await page.goto(this.link);
    await this.choose(page);
    await this.connect(page);
  }

  async signIn(page) {
    await page.goto(this.base);
    await page.locator('#name').fill(this.name);
    await page.locator('#password').fill(PASSWORD);
    await page.locator('#code').fill(this.code());
    await submit(page).click();
    await page.locator('.own').waitFor();
  }
}

// Without a mouse: Tab until it is there.
export async function tabTo(page, target) {
  for (let presses = 0; presses < 100; presses++) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((element) => element === document.activeElement)) {
      return;
    }
  }
  assert.fail(`Tab does not reach ${target}`);
}

export async function type(page, selector, text) {
  await tabTo(page, page.locator(selector));
  await page.keyboard.type(text);
}

export async function enter(page, target) {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}
