// A stranger's client, fhir-kit-client, against a running gateway: discovery, SMART Backend Services, read, search,
// create. Reads {base, client, jwk, patient, plan, task} from stdin; prints what it got, as JSON.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client } from 'fhir-kit-client';
import { SignJWT, importJWK } from 'jose';

const given = JSON.parse(readFileSync(0, 'utf8'));
const client = new Client({ baseUrl: given.base });
const statement = await client.capabilityStatement();
const smart = await client.smartAuthMetadata();

const assertion = await new SignJWT({ jti: randomUUID() })
  .setProtectedHeader({ alg: 'ES384', kid: given.jwk.kid })
  .setIssuer(given.client).setSubject(given.client).setAudience(smart.tokenUrl.href)
  .setIssuedAt().setExpirationTime('4m').sign(await importJWK(given.jwk, 'ES384'));
const answer = await fetch(smart.tokenUrl, {
  method: 'POST',
  body: new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/CarePlan.rs system/Goal.rs system/Task.cr',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }),
});
client.bearerToken = (await answer.json()).access_token;

const plan = await client.read({ resourceType: 'CarePlan', id: given.plan });
const goals = [];
let page = await client.search({ resourceType: 'Goal', searchParams: { patient: given.patient, _count: 2 } });
while (page) {
  goals.push(...(page.entry ?? []).filter((one) => one.search.mode === 'match').map((one) => one.resource.id));
  page = page.link.some((one) => one.relation === 'next') ? await client.nextPage({ bundle: page }) : undefined;
}
const task = await client.create({ resourceType: 'Task', body: given.task });
const again = await client.read({ resourceType: 'Task', id: task.id });
let refused = {};
try {
  await client.read({ resourceType: 'CarePlan', id: given.patient });
} catch (error) {
  refused = { status: error.response.status, outcome: error.response.data.resourceType };
}
console.log(JSON.stringify({ fhirVersion: statement.fhirVersion, plan, goals, task, again, refused }));
