import type { ListedCredential } from '../streamkap/client-credentials.ts';
import { type ProjectKeySummary, statusOf } from '../streamkap/schemas.ts';
import type { AuditedKey } from './inventory.ts';

interface KeyLists {
  listProjectKeys(): Promise<readonly ProjectKeySummary[]>;
  listClientCredentials(): Promise<readonly ListedCredential[]>;
}

/**
 * Project keys, and the client credentials that belong to none of them, of one project.
 * @param serviceId the project the caller acts for: lists may show others
 * @throws StreamkapError when one of the lists cannot be read
 */
export async function listKeys(streamkap: KeyLists, serviceId: string): Promise<AuditedKey[]> {
  const ofProject = ({ service_id: id }: { service_id?: string | null | undefined }) => (id ?? serviceId) === serviceId;
  const listed = await streamkap.listProjectKeys();
  const owned = new Set(listed.map(({ api_client_id: id }) => id));
  const keys = listed.filter(ofProject).map(auditedKey);
  const credentials = await streamkap.listClientCredentials();
  return [
    ...keys,
    ...credentials
      .filter(({ client_id: id }) => !owned.has(id))
      .filter(ofProject)
      .map(auditedCredential),
  ];
}

function auditedKey(key: ProjectKeySummary): AuditedKey {
  return {
    kind: 'project-key',
    id: key.id,
    name: key.name,
    description: key.description ?? undefined,
    status: statusOf(key),
    kafkaUsername: key.kafka_username ?? undefined,
    api: Boolean(key.api_client_id),
    createdAt: timeOf(key.created_at),
  };
}

function auditedCredential({ client_id: id, description, created_at }: ListedCredential): AuditedKey {
  return {
    kind: 'client-credential',
    id,
    name: description?.replace(/\s*\[keyring:[^\]]*\]\s*$/, '') || id,
    description: description ?? undefined,
    status: 'active',
    api: true,
    createdAt: timeOf(created_at),
  };
}

function timeOf(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
