// Every questionnaire is a FHIR R4 Questionnaire, by a validator that is not ours.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { needed } from './daemons.mjs';

const FOLDER = new URL('../../questionnaires/', import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const read = (name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));

async function errorsOf(resource) {
  const { Fhir } = (await needed('fhir')).default;
  const { valid, messages } = new Fhir().validate(resource, { errorOnUnexpected: true });
  const errors = messages.filter((m) => m.severity === 'error' || m.severity === 'fatal')
    .map((m) => `${m.location}: ${m.message}`);
  assert.equal(valid, errors.length === 0);
  return errors;
}

for (const name of FILES) {
  test(name, async () => {
    const resource = read(name);
    assert.equal(resource.resourceType, 'Questionnaire');
    assert.deepEqual(await errorsOf(resource), []);
  });
}

test('there is one for every language and variant', () => {
  assert.ok(FILES.length >= 20, FILES.join());
});

for (const [what, damage, error] of [
  ['a property that is none', (q) => { q.item[0].colour = 'red'; }, 'Questionnaire.item[0].colour: Unexpected property'],
  ['a status that is none', (q) => { q.status = 'finished'; },
    'Questionnaire.status: Code "finished" not found in value set'],
  ['a type that is none', (q) => { q.item[0].type = 'grade'; },
    'Questionnaire.item[0].type: Code "grade" not found in value set'],
  ['no linkId', (q) => { delete q.item[0].linkId; }, 'Questionnaire.item[0].linkId: Missing property'],
  ['a word for a truth', (q) => { q.item[0].required = 'yes'; },
    'Questionnaire.item[0].required: Invalid format for boolean value "yes"'],
]) {
  test(`damaged, ${what}: refused`, async () => {
    const resource = read('skr-brukarfragor.sv.json');
    damage(resource);
    assert.deepEqual(await errorsOf(resource), [error]);
  });
}
