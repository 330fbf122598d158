/** What a call needs of IAM: one action on one resource, and what conditions may look at. Names and ids only. */
export interface AccessRequest {
  /** The access key id that the call was signed with: who asks. */
  readonly accessKeyId: string;
  /** Such as `secretsmanager:GetSecretValue`. */
  readonly action: string;
  /** An ARN, or `*` where the service knows no resources for the action. */
  readonly resource: string;
  /** Condition keys that the service fills in; a key that is not here is absent from the request. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

/** IAM: the message of a refusal, or undefined to let the call pass. */
export type Deny = (request: AccessRequest) => string | undefined;

/** @returns the access key id in an Authorization header of Signature Version 4; empty where there is none */
export function accessKeyIdOf(authorization: string | undefined): string {
  return /Credential=([^/\s]+)\//.exec(authorization ?? '')?.[1] ?? '';
}
