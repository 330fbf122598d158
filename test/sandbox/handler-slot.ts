import { BundleHandler, type BundleOptions } from './bundle-handler.ts';
import type { DriverOptions, Invoke } from './secrets-manager/rotation-events.ts';
import type { SecretsManagerServer } from './secrets-manager/server.ts';

/** `environment` is added to the sandbox's own. */
export interface SandboxBundle extends BundleOptions {
  /** Whether AWSPENDING stays on the new version after a success. @default as the sandbox was started */
  readonly pendingAfterSuccess?: 'left' | 'removed' | undefined;
}

/** How rotations run; the stand-in reads it whenever a handler is set. */
export type RotationSettings = Partial<Omit<DriverOptions, 'state' | 'invoke' | 'pendingAfterSuccess'>> & {
  pendingAfterSuccess: 'left' | 'removed';
};

/** Which function RotateSecret calls: nothing, one in this process, or a bundle. */
export class HandlerSlot {
  /** The bundle in place, with what its calls printed. */
  bundle: BundleHandler | undefined;
  readonly #server: Pick<SecretsManagerServer, 'setHandler'>;
  readonly #settings: RotationSettings;
  readonly #initially: 'left' | 'removed';
  readonly #environment: Readonly<Record<string, string>>;

  constructor(parts: {
    server: Pick<SecretsManagerServer, 'setHandler'>;
    settings: RotationSettings;
    environment: Readonly<Record<string, string>>;
  }) {
    this.#server = parts.server;
    this.#settings = parts.settings;
    this.#initially = parts.settings.pendingAfterSuccess;
    this.#environment = parts.environment;
  }

  /** A direct call of the bundle in place, as Lambda's Invoke makes it; undefined where there is none. */
  get directCall(): ((event: unknown, functionArn: string) => Promise<unknown>) | undefined {
    const { bundle } = this;
    return bundle && (async (event, functionArn) => (await bundle.call(event, functionArn)).value);
  }

  /** A bundle that was there is stopped. */
  setHandler(invoke: Invoke | undefined): void {
    void this.bundle?.stop();
    this.bundle = undefined;
    this.#server.setHandler(invoke);
  }

  /** Resolves when no process of a bundle is left. */
  async close(): Promise<void> {
    const { bundle } = this;
    this.setHandler(undefined);
    await bundle?.stop();
  }

  setBundle(options: SandboxBundle | undefined): void {
    if (options === undefined) {
      this.setHandler(undefined);
      return;
    }
    const { pendingAfterSuccess = this.#initially, ...rest } = options;
    this.#settings.pendingAfterSuccess = pendingAfterSuccess;
    const bundle = new BundleHandler({ ...rest, environment: { ...this.#environment, ...options.environment } });
    this.setHandler(bundle.invoke);
    this.bundle = bundle;
  }
}
