// Both daemons with invented people (servers.py), and a browser to look at them with.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request, createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
  '--remote-debugging-port=0', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*',
];

// What package-lock.json names; a test run without it should say what is wrong, not where Node looked.
export async function needed(name) {
  if (!existsSync(join(HERE, 'node_modules', name))) {
    throw new Error(`tests/browser/node_modules has no ${name}: run tests/run, or in tests/browser: ` +
      'PUPPETEER_SKIP_DOWNLOAD=1 npm ci --ignore-scripts');
  }
  return import(name);
}

export class Daemons {
  static async start(...options) {
    const daemons = new Daemons();
    // Out of reach of the pyenv shims that a developer may have: Debian's Python has the packages.
    daemons.child = spawn('/usr/bin/python3', [join(HERE, 'servers.py'), ...options],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    daemons.ended = new Promise((resolve) => daemons.child.on('close', resolve));
    daemons.lines = createInterface({ input: daemons.child.stdout })[Symbol.asyncIterator]();
    Object.assign(daemons, await daemons.line());
    return daemons;
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) {
      throw new Error('servers.py has ended: what it wrote on standard error says why');
    }
    return JSON.parse(value);
  }

  tell(word) {
    this.child.stdin.write(`${word}\n`);
    return this.line();
  }

  // Every ballot of the open wave whose form comes in pages, as its codes and who helped.
  box() {
    return this.tell('box');
  }

  // Of the one whose form is one page.
  boxWhole() {
    return this.tell('box-whole');
  }

  // While the work is done survey-server's disk is full.
  async withFullDisk(work) {
    await this.tell('full');
    try {
      await work();
    } finally {
      await this.tell('room');
    }
  }

  // The address of an invitation that no other test uses; through a witness when one is given.
  invitation({ base } = this) {
    return `${base}/${this.codes.pop()}`;
  }

  invitationWhole({ base } = this) {
    return `${base}/${this.whole.pop()}`;
  }

  async stop() {
    this.child.stdin.end();
    const code = await this.ended;
    if (code !== 0) {
      throw new Error(`servers.py exited with ${code}`);
    }
  }
}

export async function launchBrowser() {
  const { chromium } = await needed('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

// What a file of tests works with, from before its first test to after its last.
export let daemons;
export let browser;

export function useBoth() {
  before(async () => {
    browser = await launchBrowser();
    daemons = await Daemons.start();
  });
  after(async () => {
    await browser?.close();
    await daemons?.stop();
  });
}

// A page in a context of its own, closed when the work is done. Its reader's language is Swedish.
export async function withPage(browser, options, work) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'sv-SE', ...options });
  try {
    return await work(await context.newPage());
  } finally {
    await context.close();
  }
}

// Stands before the daemon and notes what the browser asks for, also what its own tools don't tell of. A post is not
// let through while `cut` is 'request', and not replied to while it is 'reply'.
async function startWitness(base) {
  const { hostname, port } = new URL(base);
  const witness = { seen: [], cut: null };
  const server = createServer((incoming, reply) => {
    const cut = incoming.method === 'POST' && witness.cut;
    const note = { method: incoming.method, path: incoming.url };
    if (cut === 'request') {
      witness.seen.push(note);
      incoming.socket.destroy();
      return;
    }
    const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers },
      (answer) => {
        let size = 0;
        answer.on('data', (part) => { size += part.length; });
        answer.on('end', () => {
          witness.seen.push({ ...note, status: answer.statusCode, headers: answer.headers, size });
          if (cut) {
            incoming.socket.destroy();
          }
        });
        if (!cut) {
          reply.writeHead(answer.statusCode, answer.headers);
          answer.pipe(reply);
        }
      });
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(witness, {
    base: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
}

// Work behind a witness of its own.
export async function withWitness(base, work) {
  const witness = await startWitness(base);
  try {
    return await work(witness);
  } finally {
    await witness.stop();
  }
}
