// A provider made of oidc-provider: whoever comes is `anna`, in the group that the second argument names. The third is
// the way in which it signs. Says "PORT n" and its issuer is http://127.0.0.1:n.
const http = require("node:http");
const { generateKeyPairSync } = require("node:crypto");
const { pathToFileURL } = require("node:url");

const [, , port, group, algorithm] = process.argv;
const issuer = `http://127.0.0.1:${port}`;
const pair = algorithm === "ES256"
  ? generateKeyPairSync("ec", { namedCurve: "P-256" })
  : generateKeyPairSync("rsa", { modulusLength: 2048 });

(async () => {
  const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "klinke", client_secret: "geheim", application_type: "web", id_token_signed_response_alg: algorithm,
      redirect_uris: ["https://klinke.kh.example:8443/login/oidc/done"],
      post_logout_redirect_uris: ["https://klinke.kh.example:8443/login"],
    }],
    jwks: { keys: [{ ...pair.privateKey.export({ format: "jwk" }), use: "sig", kid: "first", alg: algorithm }] },
    pkce: { required: () => true },
    claims: { profile: ["preferred_username", "name"], groups: ["groups"] },
    scopes: ["openid", "profile", "groups"],
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, name: "Anna Muster", groups: [group] }),
    }),
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    interactions: { url: (_, interaction) => `/go/${interaction.uid}` },
    cookies: { keys: ["a key of a test"] },
  });
  const answer = provider.callback();
  // Nobody has to type anything here: the log-in and the consent are given at once.
  const go = async (request, response) => {
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === "login") {
      return provider.interactionFinished(request, response, { login: { accountId: "anna" } });
    }
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  };
  const server = http.createServer((request, response) => {
    if (!request.url.startsWith("/go/")) return answer(request, response);
    go(request, response).catch((error) => { console.error(error); response.writeHead(500).end(); });
  });
  server.listen(Number(port), "127.0.0.1", () => console.log(`PORT ${port}`));
})();
