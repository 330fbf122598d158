import type { Clock } from '../clock.ts';
import type { LoginResult } from '../login-probe/probe.ts';
import type { RotationStarter, SecretReader } from '../secret-store.ts';

/** The world as one who orders a rotation sees it. */
export interface RotationOrderPorts<Credential> {
  readonly store: SecretReader;
  readonly starter: RotationStarter;
  readonly clock: Clock;
  /** A fresh UUID. */
  readonly randomId: () => string;
  /** Reads a stored value, and keeps its secrets out of every log. @throws KeyringError when it is no credential */
  readonly parse: (value: string) => Credential;
  /** Called with the current credential before anything begins. @throws KeyringError when another one was meant */
  readonly check: (current: Credential) => void;
  /** One login; never throws. Undefined for a credential that has nothing to log in with. */
  readonly login: ((credential: Credential) => Promise<LoginResult>) | undefined;
  readonly progress: (line: string) => void;
}

export interface RotationOrder {
  readonly secretId: string;
  /** Milliseconds that the rotation may take. */
  readonly waitMs: number;
}

/** A rotation that came to its end. */
export interface Rotated<Credential> {
  readonly before: Credential;
  readonly after: Credential;
  readonly secretArn: string;
  /** Version id of the new credential, which is the rotation's token. */
  readonly token: string;
  readonly functionArn: string;
  readonly tags: Readonly<Record<string, string>>;
}
