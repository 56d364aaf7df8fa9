// node notice.cjs FILE   the SHA-256 of statement and scope in an HL7 v2 message, as an independent parser finds them
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { Hl7Message } = require('@medplum/core');

const named = { F: '|', S: '^', T: '&', R: '~', E: '\\', '.br': '\n' };
const plain = (field) =>
  field.replace(/\\([^\\]*)\\/g, (_, code) => named[code] ?? Buffer.from(code.slice(1), 'hex').toString('utf8'));

const message = Hl7Message.parse(readFileSync(process.argv[2], 'latin1'));
const notes = message.getAllSegments('NTE');
for (const kind of ['PART2', 'SCOPE']) {
  const parts = notes.filter((one) => one.getField(4).getComponent(1) === kind).map((one) => one.getField(3).toString());
  console.log(createHash('sha256').update(plain(parts.join('')), 'utf8').digest('hex'));
}
