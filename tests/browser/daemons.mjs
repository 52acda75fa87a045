// Both daemons with invented people (servers.py), and a browser to look at them with.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request, createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
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

  // The answers of every ballot of the open wave.
  box() {
    this.child.stdin.write('box\n');
    return this.line();
  }

  // The address of an invitation that no other test uses.
  invitation() {
    return `${this.base}/${this.codes.pop()}`;
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

// A page in a context of its own, closed when the work is done.
export async function withPage(browser, options, work) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
  try {
    return await work(await context.newPage());
  } finally {
    await context.close();
  }
}

// Stands before the daemon and notes what the browser asks for, also what its own tools don't tell of.
export async function startWitness(base) {
  const { hostname, port } = new URL(base);
  const seen = [];
  const server = createServer((incoming, reply) => {
    const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers },
      (answer) => {
        let size = 0;
        answer.on('data', (part) => { size += part.length; });
        answer.on('end', () => {
          seen.push({ method: incoming.method, path: incoming.url, headers: answer.headers, size });
        });
        reply.writeHead(answer.statusCode, answer.headers);
        answer.pipe(reply);
      });
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    seen,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
