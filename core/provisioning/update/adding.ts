import { backoffMs } from '../../clock.ts';
import type { CredentialFile } from '../../credential-file.ts';
import { StreamkapError } from '../../errors.ts';
import { hasApi } from '../../streamkap/key-reading.ts';
import type { AddedCredentials, ProjectKeyDetail } from '../../streamkap/schemas.ts';
import { proveAdopted, rebuildKafka } from '../adoption.ts';
import { requestedAcls } from '../intent.ts';
import { LIMITS } from '../ports.ts';
import { activeKey } from './active-key.ts';
import { apiSecretLost, kafkaAddedElsewhere, updateUnanswered } from './errors.ts';
import type { UpdatePorts, UpdateRequest } from './ports.ts';
import { type AddingIntent, capabilityOf } from './update-intent.ts';
import type { NewSections } from './updated-file.ts';

/** Whoever got an API secret stores it within this time, in milliseconds, or never. */
const STORED_WITHIN_MS = 60_000;

export interface Adding {
  readonly intent: AddingIntent;
  /** The file that is current, without the access. */
  readonly file: CredentialFile;
  readonly verifyLogin: UpdateRequest['verifyLogin'];
  /** No other run can have taken this intent over: an API secret that did not arrive here is lost. */
  readonly isOursAlone: () => boolean;
  /** Whether the label is where it was left; read before a Kafka password is set again. */
  readonly isHeld: () => Promise<boolean>;
  /** Whether another run has stored what this one wants. */
  readonly isStored: () => Promise<boolean>;
}

export type Added =
  | { readonly outcome: 'added'; readonly sections: NewSections }
  /** Another run has it, or is at it: read again. */
  | { readonly outcome: 'overtaken' }
  /** Streamkap will not have it; the key has not got the access. */
  | { readonly outcome: 'refused'; readonly refusal: StreamkapError };

/**
 * Gives a key the access of a stored intent. Streamkap adds it once, whoever sends it how often: who comes second is refused (Kafka)
 * or gets no secret (API). A Kafka part whose answer was lost is rebuilt, because its password was stored first; an API part is lost.
 * @throws ProvisioningError API_SECRET_LOST, KAFKA_PASSWORD_UNKNOWN, UPDATE_UNANSWERED
 */
export async function addAccess(ports: UpdatePorts, adding: Adding): Promise<Added> {
  const { intent } = adding;
  let refusal: StreamkapError | undefined;
  for (let sent = 0; ; ) {
    const key = await activeKey(ports, intent.keyId);
    const there = intent.adds === 'api' ? hasApi(key) : Boolean(key.kafka_username);
    if (there) return intent.adds === 'api' ? await missed(ports, adding) : await rebuilt(ports, adding, key);
    if (refusal) return { outcome: 'refused', refusal };
    if (sent === LIMITS.posts) throw updateUnanswered(intent.keyId);
    if (sent > 0) await ports.clock.sleep(backoffMs(sent, LIMITS.poll));
    sent++;
    const answer = await send(ports, intent);
    if (answer instanceof StreamkapError) refusal = answer.changed === 'no' ? answer : undefined;
    else if (answer) return { outcome: 'added', sections: answer };
  }
}

/** @returns undefined for a success that brings nothing: the key's detail tells what it was */
async function send(
  { streamkap, report }: UpdatePorts,
  intent: AddingIntent,
): Promise<NewSections | StreamkapError | undefined> {
  report.progress(`adding ${intent.adds === 'api' ? 'API' : 'Kafka'} access to the project key ${intent.keyId}`);
  try {
    const answer = await streamkap.addCapability(intent.keyId, capabilityOf(intent));
    return sectionsOf(answer, intent, report.secretSeen);
  } catch (error) {
    if (error instanceof StreamkapError) return error;
    throw error;
  }
}

function sectionsOf(
  { new_api_credentials: api, new_kafka_credentials: kafka }: AddedCredentials,
  { adds, requested }: AddingIntent,
  secretSeen: (secret: string) => void,
): NewSections | undefined {
  if (adds === 'api') {
    if (!api) return undefined;
    secretSeen(api.client_secret);
    return { api };
  }
  if (!kafka) return undefined;
  secretSeen(kafka.password);
  return { kafka, kafka_acls: requestedAcls(requested) };
}

/** The access is there, and its secret went to another call's answer. */
async function missed({ clock, report }: UpdatePorts, adding: Adding): Promise<Added> {
  const end = clock.now() + (adding.isOursAlone() ? 0 : STORED_WITHIN_MS);
  for (let looks = 0; ; looks++) {
    if (await adding.isStored()) return { outcome: 'overtaken' };
    const waitMs = backoffMs(looks, LIMITS.poll);
    if (clock.now() + waitMs > end) throw apiSecretLost(adding.intent.keyId, 'yes');
    report.progress(`waiting for another run to store the new API access of ${adding.intent.keyId}`);
    await clock.sleep(waitMs);
  }
}

async function rebuilt(ports: UpdatePorts, adding: Adding, key: ProjectKeyDetail): Promise<Added> {
  const { intent, file, verifyLogin, isHeld } = adding;
  if (key.kafka_username !== intent.username) throw kafkaAddedElsewhere(key.id, key.kafka_username ?? '');
  const kafka = rebuildKafka(intent, key);
  const isProven = await proveAdopted(ports, { ...file, kafka }, { verifyLogin, stillOurs: isHeld });
  if (!isProven) return { outcome: 'overtaken' };
  return { outcome: 'added', sections: { kafka, kafka_acls: requestedAcls(intent.requested) } };
}
