import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { probeLogin } from '../../../core/login-probe/probe.ts';
import {
  afterHandshake,
  authenticateAnswer,
  frame,
  PASSWORD,
  REQUEST,
  type Reply,
  ScriptedBroker,
} from './scripted-broker.ts';

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const SECRETS = [PASSWORD, `\0${REQUEST.username}\0${PASSWORD}`].flatMap((text) => [
  text,
  Buffer.from(text).toString('base64'),
  Buffer.from(text).toString('hex'),
]);

async function probe(script: ConstructorParameters<typeof ScriptedBroker>[0], mechanism: string) {
  const broker = new ScriptedBroker(script);
  const result = await probeLogin({ ...REQUEST, mechanism }, { connect: broker.connect });
  expect(broker.connections.every(({ destroyed }) => destroyed)).toBe(true);
  const text = JSON.stringify(result);
  for (const secret of SECRETS) expect(text).not.toContain(secret);
  return result;
}

describe('whatever a peer answers', () => {
  test('instead of Kafka: the probe neither throws nor decides', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 5 }), fc.constantFrom(...MECHANISMS), async (pieces, mechanism) => {
        const result = await probe((): Reply => ({ pieces, ending: 'close' }), mechanism);
        expect(result.outcome).toBe('unknown');
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('in well-formed frames: only error 58 means rejected, and SCRAM is never accepted without a proof', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom(0, 33, 34, 58), fc.integer({ min: -32768, max: 32767 })),
        fc.oneof(
          fc.string({ maxLength: 60, unit: 'binary-ascii' }),
          fc.constantFrom(...SECRETS, 'v=AAAA', 'e=invalid-proof'),
        ),
        fc.constantFrom(...MECHANISMS),
        async (errorCode, token, mechanism) => {
          const answer = ({ correlationId }: { correlationId: number }): Reply => ({
            pieces: [authenticateAnswer(correlationId, errorCode, token, token)],
            ending: 'close',
          });
          const { outcome } = await probe(afterHandshake(answer), mechanism);
          const right = errorCode === 0 && mechanism === 'PLAIN' ? 'accepted' : 'unknown';
          expect(outcome).toBe(errorCode === 58 ? 'rejected' : right);
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  test('in a frame of arbitrary content: the probe does not throw', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(...MECHANISMS), async (body, mechanism) => {
        const reply = ({ correlationId }: { correlationId: number }): Reply => ({
          pieces: [frame(correlationId, body)],
          ending: 'close',
        });
        await probe(reply, mechanism);
        await probe(afterHandshake(reply), mechanism);
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
