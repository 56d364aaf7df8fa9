// node bindings.cjs FILE...   required code bindings and structure of R4 resources, by the npm package `fhir`
const { readFileSync } = require('node:fs');
const { Fhir } = require('fhir');

const judge = new Fhir();
let refused = 0;
for (const file of process.argv.slice(2)) {
  const verdict = judge.validate(JSON.parse(readFileSync(file, 'utf8')), { errorOnUnexpected: true });
  const errors = verdict.messages.filter((one) => one.severity === 'error' || one.severity === 'fatal');
  refused += errors.length;
  for (const one of errors) console.log(`${file}: ${one.location}: ${one.message}`);
}
process.exit(refused ? 1 : 0);
