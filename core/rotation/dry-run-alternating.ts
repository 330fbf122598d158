import { type KafkaCredentialFile, withKafkaPassword } from '../credential-file.ts';
import { asSecondFile, secondKeyOf } from './alternating/birth.ts';
import { pairNotRecorded } from './alternating/errors.ts';
import { type IdleFile, lookForIdleFile } from './alternating/idle-file.ts';
import { IdleKeyChange } from './alternating/idle-key-change.ts';
import { type Pair, pairOf, pairTags } from './alternating/pair.ts';
import { activeKey, idleKey } from './alternating/pair-keys.ts';
import { requireSettled } from './alternating/retirement.ts';
import { type StandbySecret, standbyFileIn } from './alternating/standby.ts';
import { DryChange, stoppingApi, untilItChanges } from './dry-run-change.ts';
import { type Look, makesCredential, once, type WouldDo } from './dry-run-look.ts';
import { loginUnknown } from './errors.ts';

/** Has createSecret's and setSecret's own code look, up to where it would change something. */
export async function lookAtPair(look: Look): Promise<WouldDo> {
  const { ports, budget, problems, logins, secret, current } = look;
  await logins.once(current, budget);
  const pair = pairOf(secret, current);
  const standby = standbyOf(look);
  const would = pair ? await lookAtTurn(look, { pair, standby }) : await lookAtBirth(look, standby);
  await problems.noting(() => activeKey(ports.streamkap, current.project_key_id));
  if (pair) await problems.noting(() => idleKey(ports.streamkap, pair.idle.id));
  noteUnknownLogins(look);
  return would;
}

async function lookAtBirth(look: Look, standby: Standby): Promise<WouldDo> {
  const { problems, secret, current } = look;
  const kept = keptIn(standby.name);
  if (!makesCredential(look)) {
    problems.add(pairNotRecorded(secret.name));
    return { atStreamkap: [], stored: [kept] };
  }
  const second = await problems.noting(() => secondFileOf(look, standby));
  if (second) {
    const tags = { ...secret.tags, ...pairTags(current, second) };
    const pair = pairOf({ ...secret, tags }, current);
    if (pair) return await lookAtTurn(look, { pair, standby });
  }
  const birth = 'POST /project-keys: a second key with the roles, ACLs and safe list of the current one';
  return { atStreamkap: [birth], stored: [`PutSecretValue ${standby.name}: the second key's file`, kept] };
}

/**
 * @returns the file of a pair's other key, where only the tag that recorded the pair was lost; undefined when the key is to be made
 * @throws RotationError, as createSecret would
 */
async function secondFileOf({ ports, current }: Look, standby: Standby): Promise<KafkaCredentialFile | undefined> {
  const at = await standby.read();
  requireSettled(at);
  const { request, serviceId } = await secondKeyOf(current, ports.streamkap);
  return at && asSecondFile(at.file, { standby: standby.name, username: request.username, serviceId });
}

async function lookAtTurn(look: Look, { pair, standby }: Turn): Promise<WouldDo> {
  const { ports, settings, budget, problems, logins, secret, current, previous } = look;
  const idle = makesCredential(look) ? await problems.noting(() => idleFileOf(look, { pair, standby })) : undefined;
  if (idle?.at) await logins.once(logins.stored('idle', idle.file), budget);
  const unstored = unstoredOf(look, pair, idle);
  const pending = () => look.pending(unstored);
  const api = stoppingApi(ports.streamkap);
  const change = new DryChange({ secret, current, budget, pending, previous });
  const turn = new IdleKeyChange({ logins, streamkap: () => api, ...settings }, change, pair);
  const applied = await problems.noting(() => untilItChanges(() => turn.run()));
  await problems.noting(async () => logins.once((await pending()).value, budget));
  const grants = `PATCH /project-keys/${pair.idle.id}: ACLs and safe list, where they differ from the current key's`;
  const password = `PATCH /project-keys/${pair.idle.id}: kafka_password`;
  const { name } = standby;
  const moved = idle?.isMisplaced ? [`PutSecretValue ${name}: the idle key's file, from AWSPREVIOUS`] : [];
  const inForce = applied !== undefined || logins.proofs.pending?.outcome === 'accepted';
  return { atStreamkap: inForce ? [grants] : [grants, password], stored: [...moved, keptIn(name)] };
}

/** @throws RotationError, as createSecret would */
async function idleFileOf(look: Look, { pair, standby }: Turn): Promise<IdleFile> {
  const { ports, current, previous } = look;
  const detail = () => idleKey(ports.streamkap, pair.idle.id);
  const found = await lookForIdleFile({ standby, pair, current, previous, detail });
  requireSettled(found.at);
  return found;
}

/** What createSecret would store: a key's file as it was born where that works, else the idle key's with a password that nobody has. */
function unstoredOf({ logins, current }: Look, pair: Pair, idle: IdleFile | undefined): KafkaCredentialFile {
  if (idle?.at?.asBorn && logins.proofs.idle?.outcome !== 'rejected') return idle.file;
  if (idle) return withKafkaPassword(idle.file, '');
  const { id, username = current.kafka.username } = pair.idle;
  return withKafkaPassword({ ...current, project_key_id: id, kafka: { ...current.kafka, username } }, '');
}

/** The new password cannot be tried before it is sent. What Kafka does not answer for the stored ones it would not answer for that. */
function noteUnknownLogins({ logins: { proofs }, problems }: Look): void {
  if (proofs.pending?.outcome === 'accepted') return;
  for (const proof of [proofs.current, proofs.pending, proofs.idle])
    if (proof?.outcome === 'unknown') problems.add(loginUnknown(proof, 'no'));
}

interface Turn {
  readonly pair: Pair;
  readonly standby: Standby;
}

type Standby = Pick<StandbySecret, 'name' | 'read'>;

function standbyOf({ ports, secret }: Look): Standby {
  const name = `${secret.name}/standby`;
  const read = once(async () => {
    const at = standbyFileIn(await ports.store.read(name), name);
    const { kafka, api } = at?.file ?? {};
    for (const seen of [kafka?.password, api?.client_secret]) if (seen) ports.secretSeen(seen);
    return at;
  });
  return { name, read };
}

const keptIn = (standby: string) => `PutSecretValue ${standby}: the outgoing key's file`;
