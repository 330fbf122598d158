import { expect, it } from 'vitest';
import type { HttpRequest } from '../../../core/http.ts';
import { readOnly } from '../../../functions/rotation/dry-run.ts';

const HOST = 'https://api.streamkap.test';
const request = (method: HttpRequest['method'], path: string): HttpRequest => ({
  ...{ method, url: `${HOST}${path}`, headers: {}, timeoutMs: 1 },
});

it("a dry run's transport sends reads and the exchange for a token, and nothing else", async () => {
  const sent: string[] = [];
  const transport = readOnly(async ({ method, url }) => {
    sent.push(`${method} ${url.slice(HOST.length)}`);
    return { status: 200, headers: {}, body: '' };
  });
  await transport(request('GET', '/project-keys/1'));
  await transport(request('POST', '/auth/access-token'));
  const changing: [HttpRequest['method'], string][] = [
    ['POST', '/auth/client-credentials'],
    ['POST', '/project-keys'],
    ['PATCH', '/project-keys/1'],
    ['DELETE', '/auth/client-credentials/1'],
    ['DELETE', '/auth/access-token'],
    ['POST', '/project-keys?next=/auth/access-token'],
  ];
  for (const call of changing) expect(() => transport(request(...call))).toThrow('a dry run changes nothing');
  expect(sent).toEqual(['GET /project-keys/1', 'POST /auth/access-token']);
});
