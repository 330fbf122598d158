import { readMarker } from '../marker.ts';
import { sealOf } from '../provisioning/marker.ts';
import type { RuleResult } from './finding.ts';
import type { AuditedKey } from './inventory.ts';
import { MINUTE_MS } from './policy.ts';
import { commandFor } from './remedies.ts';
import { dateOf } from './secret-rules.ts';

/** One key, with where it was found. */
export interface KeyCase {
  readonly key: AuditedKey;
  /** Name of the secret that holds it. */
  readonly heldBy: string | undefined;
  /** Fingerprints of the ARNs of all secrets: what a rotation made says by its marker which secret it was for. */
  readonly fingerprints: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A key that is being made is in no secret yet, for longer than any wait of the Action. */
const MAKING_MS = 60 * MINUTE_MS;
const FINGERPRINT_LENGTH = 12;

/** @returns what is wrong with a key: one thing at most */
export function keyFinding({ key, heldBy, fingerprints, now }: KeyCase): RuleResult | undefined {
  if (heldBy !== undefined || key.status === 'deleting') return undefined;
  const marker = readMarker(key.description);
  const made = key.createdAt === undefined ? 'at an unknown time' : dateOf(key.createdAt);
  switch (marker?.kind) {
    case undefined:
      return {
        kind: 'unmanaged-key',
        since: key.createdAt,
        evidence: `no marker of this product, in no secret; made ${made}`,
        remedy: { text: 'Adopt it into a secret with `keyring adopt`, or enter an exception.' },
      };
    case 'ephemeral': {
      const ours = marker.seal === sealOf(marker.intentId, { name: key.name, username: key.kafkaUsername ?? null });
      if (!ours || marker.expiresAt > now) return undefined;
      const evidence = `expired ${dateOf(marker.expiresAt)}`;
      return { kind: 'expired-ephemeral', since: marker.expiresAt, evidence, remedy: commandFor.deleteKey(key) };
    }
    case 'rotation':
      if (fingerprints.has(marker.nonce.slice(0, FINGERPRINT_LENGTH))) return undefined;
      return orphan(key, `made by a rotation of a secret that is not there; ${made}`);
    case 'lasting':
      // Which client credential a secret holds, its tags do not say.
      if (key.kind === 'client-credential') return undefined;
      if (key.createdAt !== undefined && now - key.createdAt < MAKING_MS) return undefined;
      return orphan(key, `made ${made} for a secret, and in none`);
  }
}

function orphan(key: AuditedKey, evidence: string): RuleResult {
  return { kind: 'orphan-key', since: key.createdAt, evidence, remedy: commandFor.deleteKey(key) };
}
