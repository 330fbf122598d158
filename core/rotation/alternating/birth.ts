import type { CredentialFile, KafkaCredentialFile } from '../../credential-file.ts';
import { hasKafka } from '../../credential-file.ts';
import type { LoginRequest, LoginResult } from '../../login-probe/probe.ts';
import { ownTextOf } from '../../provisioning/description.ts';
import type { KeyApi, KeyRequest } from '../../provisioning/ports.ts';
import { provision } from '../../provisioning/provision.ts';
import type { SecretStore, SecretTagger } from '../../secret-store.ts';
import type { StreamkapClient } from '../../streamkap/client.ts';
import { aclsOf, hasApi, hasPermissionsOnly, rolesOf } from '../../streamkap/key-reading.ts';
import type { ProjectKeyDetail } from '../../streamkap/schemas.ts';
import { outOfTime } from '../errors.ts';
import type { SecretFacts } from '../strategy.ts';
import type { TimeBudget } from '../time-budget.ts';
import * as errors from './errors.ts';
import { pairTags } from './pair.ts';
import { activeKey } from './pair-keys.ts';
import type { StandbySecret } from './standby.ts';

/** Streamkap as far as making the second key needs it. */
export type BirthApi = KeyApi & Pick<StreamkapClient, 'whoami'>;

export interface BirthPorts {
  readonly store: SecretStore & SecretTagger;
  readonly standby: StandbySecret;
  readonly streamkap: BirthApi;
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  readonly generatePassword: () => string;
  /** A fresh UUID. */
  readonly randomId: () => string;
  readonly secretSeen: (secret: string) => void;
}

interface FirstKey {
  readonly secret: SecretFacts;
  readonly current: KafkaCredentialFile;
  readonly budget: TimeBudget;
}

/** Milliseconds after which an attempt that began a birth counts as dead; one that is not is overtaken without harm. */
const TAKE_OVER_AFTER_MS = 60_000;
/** Of the 24 characters that a username may have, the first key's may use this many. */
const SHARED_USERNAME = 22;
/** Of the 100 characters of a name. */
const SHARED_NAME = 98;
const SUFFIX = '-b';

/**
 * Makes the second key of a pair, with the first one's roles, ACLs and safe list, by the same protocol as any key: intent, key and
 * file pass through the standby secret. Then records the pair. May be repeated at any point; what was begun is finished.
 * @param ports.standby read before, so it is there and holds nothing foreign
 * @returns the second key's file: as born, unless one lay there before
 * @throws RotationError for what must not or cannot be copied, before anything was made; what provisioning throws
 */
export async function giveBirth(ports: BirthPorts, first: FirstKey): Promise<KafkaCredentialFile> {
  const { standby, streamkap, store } = ports;
  const { secret, current, budget } = first;
  const { request, serviceId } = await secondKeyOf(current, streamkap);
  const { file } = await provision(
    {
      ...{ store, clock: withinTime(budget), probe: ports.login },
      ...{ randomId: ports.randomId, generatePassword: ports.generatePassword },
      streamkap: sparing(streamkap, current.project_key_id),
      report: { secretSeen: (seen) => reveal(ports, seen), progress: () => {}, warning: () => {} },
    },
    {
      secretId: standby.name,
      prepare: async () => request,
      run: `birth of the second key of ${secret.name}`,
      takeOverAfterMs: TAKE_OVER_AFTER_MS,
      verifyLogin: 'auto',
      newSecret: { tags: {} },
    },
  );
  const second = asSecondFile(file, { standby: standby.name, username: request.username, serviceId });
  await store.tag(secret.arn, pairTags(current, second));
  return second;
}

/**
 * Looks whether the second key can be made, and changes nothing.
 * @returns what it is asked for, and the project it is made in
 * @throws RotationError for what must not or cannot be copied
 */
export async function secondKeyOf(current: KafkaCredentialFile, streamkap: Pick<BirthApi, 'getProjectKey' | 'whoami'>) {
  const active = await activeKey(streamkap, current.project_key_id);
  const { service_id: serviceId } = await streamkap.whoami();
  if (!serviceId || serviceId !== (current.project.service_id ?? active.service_id)) throw errors.otherProject();
  const request = requestFor(current, active);
  return { request, serviceId };
}

/** @throws RotationError when the first key has what cannot be read, or no second username can be derived */
function requestFor(
  current: KafkaCredentialFile,
  active: ProjectKeyDetail,
): KeyRequest & { readonly username: string } {
  if (hasPermissionsOnly(active)) throw errors.permissionsNotCopyable(active.id);
  const { username: own } = current.kafka;
  const username = `${own.slice(0, SHARED_USERNAME)}${SUFFIX}`;
  if (username === own) throw errors.usernameTaken(own);
  const { whitelist_ips, tool_profile, allowed_tools, blocked_tools } = active;
  return {
    name: `${active.name.slice(0, SHARED_NAME)}${SUFFIX}`,
    username,
    requested: {
      description: ownTextOf(active.description ?? ''),
      ...(hasApi(active) ? { role_ids: rolesOf(active) } : {}),
      kafka: {
        kafka_acls: aclsOf(active),
        ...(whitelist_ips ? { whitelist_ips } : {}),
        is_create_schema_registry: Boolean(current.kafka.schema_registry_url ?? active.schema_proxy_endpoint),
      },
      ...(tool_profile ? { tool_profile } : {}),
      ...(allowed_tools ? { allowed_tools } : {}),
      ...(blocked_tools ? { blocked_tools } : {}),
    },
  };
}

/** A file that lay there before may be anything's, the current key's too: that one has another username. @throws RotationError */
export function asSecondFile(
  file: CredentialFile,
  is: { readonly standby: string; readonly username: string; readonly serviceId: string },
): KafkaCredentialFile {
  if ((file.project.service_id ?? is.serviceId) !== is.serviceId)
    throw errors.standbyMismatch(is.standby, 'its key is of another project');
  if (!hasKafka(file) || file.kafka.username !== is.username)
    throw errors.standbyMismatch(
      is.standby,
      "it is not of the Kafka user that a second key has. If it is the idle key's, the tag streamkap:project-key-id was lost",
    );
  return file;
}

/** Provisioning that cannot change the first key, whatever a list or an intent makes it take for its own. */
function sparing(api: BirthApi, spared: string): KeyApi {
  const other = (id: string): string => {
    if (id === spared) throw errors.pairInvalid('the secret', 'names the current key as the second one');
    return id;
  };
  return {
    createProjectKey: (body) => api.createProjectKey(body),
    listProjectKeys: () => api.listProjectKeys(),
    getProjectKey: (id) => api.getProjectKey(id),
    setKafkaPassword: async (id, password) => await api.setKafkaPassword(other(id), password),
    deleteProjectKey: async (id) => await api.deleteProjectKey(other(id)),
  };
}

/** Provisioning waits for other runs and for Streamkap; a step waits only as long as it lasts. */
function withinTime({ clock, deadline }: TimeBudget): TimeBudget['clock'] {
  return {
    now: () => clock.now(),
    sleep: async (milliseconds) => {
      if (clock.now() + milliseconds >= deadline) throw outOfTime();
      await clock.sleep(milliseconds);
    },
  };
}

function reveal({ secretSeen }: BirthPorts, seen: string | CredentialFile): void {
  const secrets = typeof seen === 'string' ? [seen] : [seen.kafka?.password, seen.api?.client_secret];
  for (const secret of secrets) if (secret) secretSeen(secret);
}
