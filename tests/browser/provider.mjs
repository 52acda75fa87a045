// A real OpenID Connect provider on loopback (npm's oidc-provider) that signs in whatever login is typed.
//
// The first line of its input is JSON:
//   {"clients": [{"client_id": "survey", "client_secret": "hemligt", "redirect_uri": "http://…/staff/oidc/back",
//                 "id_token_signed_response_alg": "RS256"}],
//    "people": {"anna": {"name": "Anna Ek", "groups": ["lasare"]}}}
// A client without secret is public; RS256 is what a client gets that does not say ES256. What people don't say, or
// who is not among them, has: name and preferred_username the login, no groups, acr "loa3", amr pwd and otp.
//
// Prints one line of JSON with its issuer when it listens. A line `rotate` gives it new keys, and the old ones are
// gone when it answers with a line; a line of JSON {"people": …} replaces the people. Ends with its input.
// Who signs in as another than before, in the same browser, passes a page that only JavaScript sends on by itself.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

// Its notices would get between our lines.
console.info = () => {};
console.warn = () => {};
const { default: Provider } = await import('oidc-provider');

const SECRET = randomBytes(32).toString('base64url'); // of its cookies: a session outlives a rotation

let people = {};
let handle;

function person(login) {
  const { acr = 'loa3', amr = ['pwd', 'otp'], ...claims } = Object.hasOwn(people, login) ? people[login] : {};
  return { acr, amr, claims: { name: login, preferred_username: login, groups: [], ...claims, sub: login } };
}

function jwk(type, options, words) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('base64url'), use: 'sig', ...words };
}

function client({ redirect_uri: redirect, ...words }) {
  return {
    ...words,
    redirect_uris: [redirect],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: words.client_secret ? 'client_secret_basic' : 'none',
  };
}

// Nobody is asked what a client may know: a city decides that for its staff.
async function grantAll({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid profile');
  await grant.save();
  return grant;
}

function provider(issuer, clients) {
  return new Provider(issuer, {
    clients: clients.map(client),
    jwks: {
      keys: [
        jwk('rsa', { modulusLength: 2048 }, { alg: 'RS256' }),
        jwk('ec', { namedCurve: 'P-256' }, { alg: 'ES256' }),
      ],
    },
    acrValues: ['loa3'],
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'groups'], profile: ['name', 'preferred_username'] },
    conformIdTokenClaims: false, // all claims in the ID token
    cookies: { keys: [SECRET] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, login) => ({ accountId: login, claims: () => person(login).claims }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantAll,
    pkce: { methods: ['S256'], required: () => true },
    ttl: { Session: 3600, Interaction: 600, Grant: 3600, AuthorizationCode: 60, IdToken: 300, AccessToken: 60 },
  });
}

const PAGE = `<!doctype html>
<html lang="sv"><meta charset="utf-8"><title>Stadens konto</title><h1>Stadens konto</h1>
<form method="post"><label>Konto <input name="login" required autofocus></label> <button>Logga in</button></form>
</html>`;

async function interact(current, request, reply) {
  await current.interactionDetails(request, reply); // fails for an interaction of another browser
  if (request.method !== 'POST') {
    reply.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE);
    return;
  }
  let body = '';
  for await (const part of request) {
    body += part;
  }
  const login = new URLSearchParams(body).get('login');
  const { acr, amr } = person(login);
  await current.interactionFinished(request, reply, { login: { accountId: login, acr, amr } });
}

function use(issuer, clients) {
  const current = provider(issuer, clients);
  const callback = current.callback();
  handle = (request, reply) => {
    if (!request.url.startsWith('/interaction/')) {
      callback(request, reply);
      return;
    }
    interact(current, request, reply).catch((error) => reply.writeHead(400).end(`${error.message}\n`));
  };
}

function tell(words) {
  process.stdout.write(`${JSON.stringify(words)}\n`);
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const config = JSON.parse((await lines.next()).value);
people = config.people ?? {};
const server = createServer((request, reply) => handle(request, reply));
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const issuer = `http://127.0.0.1:${server.address().port}`;
use(issuer, config.clients);
tell({ issuer });
for await (const line of lines) {
  if (line === 'rotate') {
    use(issuer, config.clients);
    tell({ rotated: true });
  } else {
    people = JSON.parse(line).people;
    tell({ people: Object.keys(people).length });
  }
}
server.close();
server.closeAllConnections();
