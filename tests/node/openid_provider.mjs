// node openid_provider.mjs REDIRECT_URI   a real OpenID provider on a free port of 127.0.0.1; prints its issuer.
// Accounts are invented: the login name is JSON, {"sub", "name", "roles", "organization"}, and becomes the claims.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

console.warn = () => {};
console.info = () => {};
const jwk = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' });
const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'lead-console',
      client_secret: 'an invented secret of an invented site',
      redirect_uris: [process.argv[2]],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES384',
    },
  ],
  jwks: { keys: [{ ...jwk, alg: 'ES384', use: 'sig', kid: 'invented' }] },
  enabledJWA: { idTokenSigningAlgValues: ['ES384'] },
  cookies: { keys: ['invented'] },
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name', 'roles', 'organization'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...JSON.parse(id), sub: JSON.parse(id).sub }) }),
  ttl: { Session: 600, Grant: 600, Interaction: 600, AccessToken: 60, IdToken: 60, AuthorizationCode: 60 },
});
server.on('request', provider.callback());
console.log(issuer);
