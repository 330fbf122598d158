import { describe, expect, test } from 'vitest';
import { probeLogin } from '../../../core/login-probe/probe.ts';
import { SCRAM_HASHES, type ScramHash, scramClientFirst, scramProof } from '../../../core/login-probe/scram.ts';
import { afterHandshake, authenticateAnswer, REQUEST, ScriptedBroker } from './scripted-broker.ts';

interface Conversation {
  readonly source: string;
  readonly hash: ScramHash;
  readonly nonce: string;
  readonly serverFirst: string;
  readonly clientFinal: string;
  readonly serverFinal: string;
}

const { 'SCRAM-SHA-256': sha256 = { name: '', bytes: 0 }, 'SCRAM-SHA-512': sha512 = { name: '', bytes: 0 } } =
  SCRAM_HASHES;
const RFC_7677 = {
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  final: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
};

/** User `user`, password `pencil` in all of them. */
const CONVERSATIONS: Conversation[] = [
  {
    source: 'RFC 5802, section 5 (SHA-1)',
    hash: { name: 'sha1', bytes: 20 },
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    clientFinal: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    source: 'RFC 7677, section 3 (SHA-256)',
    hash: sha256,
    nonce: RFC_7677.nonce,
    serverFirst: RFC_7677.serverFirst,
    clientFinal: `${RFC_7677.final},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
  {
    source: 'the same with SHA-512, computed with Python hashlib (there is no RFC for it)',
    hash: sha512,
    nonce: RFC_7677.nonce,
    serverFirst: RFC_7677.serverFirst,
    clientFinal: `${RFC_7677.final},p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==`,
    serverFinal: 'v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==',
  },
];

describe.each(CONVERSATIONS)('the conversation of $source', ({
  hash,
  nonce,
  serverFirst,
  clientFinal,
  serverFinal,
}) => {
  const credentials = { hash, nonce, username: 'user', password: 'pencil' };

  test('is held word for word', async () => {
    expect(scramClientFirst(credentials).toString()).toBe(`n,,n=user,r=${nonce}`);
    const proof = await scramProof(credentials, Buffer.from(serverFirst));
    expect(proof.clientFinal.toString()).toBe(clientFinal);
    expect(() => proof.verify(Buffer.from(serverFinal))).not.toThrow();
    expect(() => proof.verify(Buffer.from(`${serverFinal},extension=1`))).not.toThrow();
  });

  test('fails when the server signs with anything else', async () => {
    const proof = await scramProof(credentials, Buffer.from(serverFirst));
    const signature = Buffer.from(serverFinal.slice(2), 'base64');
    signature.writeUInt8(signature.readUInt8(0) ^ 1);
    for (const wrong of [signature, signature.subarray(1)]) {
      expect(() => proof.verify(Buffer.from(`v=${wrong.toString('base64')}`))).toThrow('SERVER_SIGNATURE');
    }
    expect(() => proof.verify(Buffer.from('e=invalid-proof'))).toThrow('PROTOCOL');
    expect(() => proof.verify(Buffer.from(''))).toThrow('PROTOCOL');
  });
});

test('commas and equals signs in a user name are escaped', () => {
  const first = scramClientFirst({ hash: sha256, username: 'a=b,c=2C,', password: 'x', nonce: 'N' });
  expect(first.toString()).toBe('n,,n=a=3Db=2Cc=3D2C=2C,r=N');
});

describe('a SCRAM broker', () => {
  /** Two answers: the challenge made from the client's nonce, and the last word. */
  function broker(serverFirst: (nonce: string) => string, serverFinal = 'v=AAAA') {
    let asked = 0;
    return new ScriptedBroker(
      afterHandshake(({ correlationId, body }) => {
        const nonce = /,r=([^,]+)/.exec(body.toString())?.[1] ?? '';
        const token = asked++ === 0 ? serverFirst(nonce) : serverFinal;
        return { pieces: [authenticateAnswer(correlationId, 0, token)] };
      }),
    );
  }
  const login = (to: ScriptedBroker) => probeLogin({ ...REQUEST, mechanism: 'SCRAM-SHA-256' }, { connect: to.connect });

  test('that does not know the password proves nothing, though it says yes', async () => {
    const impostor = broker((nonce) => `r=${nonce}x,s=c2FsdA==,i=4096`, `v=${Buffer.alloc(32, 7).toString('base64')}`);
    expect(await login(impostor)).toMatchObject({ outcome: 'unknown', code: 'SERVER_SIGNATURE' });
    expect(impostor.requests.at(-1)?.body.toString()).not.toContain(REQUEST.password);
  });

  test.each<[string, (nonce: string) => string]>([
    ['asks for a million iterations and one', (nonce) => `r=${nonce}x,s=c2FsdA==,i=1000001`],
    ['asks for more iterations than fit a number', (nonce) => `r=${nonce}x,s=c2FsdA==,i=${'9'.repeat(400)}`],
    ['asks for too few iterations', (nonce) => `r=${nonce}x,s=c2FsdA==,i=4095`],
    ['asks for iterations in words', (nonce) => `r=${nonce}x,s=c2FsdA==,i=0x2000`],
    ['has another nonce', () => 'r=somethingElseEntirely,s=c2FsdA==,i=4096'],
    ['adds nothing to the nonce', (nonce) => `r=${nonce},s=c2FsdA==,i=4096`],
    ['has no salt', (nonce) => `r=${nonce}x,s=,i=4096`],
    ['demands an extension', (nonce) => `m=extension,r=${nonce}x,s=c2FsdA==,i=4096`],
    ['says nothing', () => ''],
  ])('that %s gets no proof', async (_, serverFirst) => {
    const odd = broker(serverFirst);
    expect(await login(odd)).toMatchObject({ outcome: 'unknown', code: 'PROTOCOL' });
    expect(odd.requests).toHaveLength(2);
  });

  test('that refuses in words of SCRAM instead of error 58 has not rejected the password', async () => {
    const odd = broker((nonce) => `r=${nonce}x,s=c2FsdA==,i=4096`, 'e=invalid-proof');
    expect(await login(odd)).toMatchObject({ outcome: 'unknown', code: 'PROTOCOL' });
  });

  test('may demand work, but not beyond the time limit', async () => {
    const slow = broker((nonce) => `r=${nonce}x,s=c2FsdA==,i=1000000`);
    const result = await probeLogin(
      { ...REQUEST, mechanism: 'SCRAM-SHA-512', timeoutMs: 20 },
      { connect: slow.connect },
    );
    expect(result).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
    expect(slow.requests).toHaveLength(2);
  });

  test('gets a nonce from the given source of randomness', async () => {
    const odd = broker(() => '');
    const randomBytes = (size: number) => Buffer.alloc(size, 1);
    await probeLogin({ ...REQUEST, mechanism: 'SCRAM-SHA-256' }, { connect: odd.connect, randomBytes });
    expect(odd.requests[1]?.body.subarray(4).toString()).toBe(`n,,n=orders-reader,r=${'AQEB'.repeat(8)}`);
  });
});
