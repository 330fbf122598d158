import type { Sandbox } from '../../sandbox/sandbox.ts';

/** What a secret is, by the field that it travels in. */
const SECRET_FIELDS: Readonly<Record<string, string>> = {
  password: 'Kafka password',
  kafka_password: 'Kafka password',
  client_secret: 'client secret',
  secret: 'client secret',
  accessToken: 'access token',
  access_token: 'access token',
  refreshToken: 'refresh token',
};

/**
 * Listens at the stand-ins' boundary from now on.
 * @returns every secret that crosses it, also of keys and intents that are gone by the end of a run, with a name for people
 */
export function overhear({ streamkap, secretsManager, admin }: Sandbox): ReadonlyMap<string, string> {
  const known = new Map([[admin.clientSecret, 'admin secret']]);
  const note = (json: string | undefined) => {
    for (const [secret, kind] of secretsIn(json)) {
      const others = [...known.values()].filter((name) => name.startsWith(`${kind} `));
      if (!known.has(secret)) known.set(secret, `${kind} ${others.length + 1}`);
    }
  };
  const handle = streamkap.handle.bind(streamkap);
  streamkap.handle = (request, delayMs) => {
    note(request.body);
    const answer = handle(request, delayMs);
    note(answer.body);
    return answer;
  };
  const call = secretsManager.call.bind(secretsManager);
  secretsManager.call = (operation, input) => {
    note(JSON.stringify(input));
    return call(operation, input);
  };
  return known;
}

/** @returns each secret with what it is */
function secretsIn(json: string | undefined): [string, string][] {
  const found: [string, string][] = [];
  const visit = (value: unknown, name: string): void => {
    if (typeof value === 'string') {
      const kind = SECRET_FIELDS[name];
      if (kind !== undefined && value.length >= 8) found.push([value, kind]);
      if (name === 'SecretString') found.push(...secretsIn(value));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, child] of Object.entries(value)) visit(child, key);
    }
  };
  try {
    visit(JSON.parse(json ?? ''), '');
  } catch {
    // A body that is no JSON holds no field.
  }
  return found;
}
