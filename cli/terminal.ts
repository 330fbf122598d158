import { KeyringError } from '../core/errors.ts';
import type { Redactor } from '../core/redaction.ts';

/** Of every command: healthy, something found, wrong usage, could not tell. */
export const EXIT = { healthy: 0, findings: 1, usage: 2, unknown: 3 } as const;

export interface TerminalStream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** What a command says to people: on standard error, so that standard output is the result alone. Secrets are taken out. */
export class Terminal {
  readonly #stream: TerminalStream;
  readonly #redactor: Redactor;

  constructor(stream: TerminalStream, redactor: Redactor) {
    this.#stream = stream;
    this.#redactor = redactor;
  }

  tell(text: string): void {
    this.#stream.write(`${this.#redactor.redact(text)}\n`);
  }

  /** Only where somebody watches: a log keeps what was told, not what was going on. */
  progress(text: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[K${this.#redactor.redact(text)}`);
  }

  endProgress(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
  }

  /** @returns the exit code that the error means */
  fail(error: unknown): number {
    this.endProgress();
    if (!(error instanceof KeyringError)) {
      this.tell('keyring: an unexpected failure (INTERNAL); run it again, and report it when it stays');
      return EXIT.unknown;
    }
    const { code, message, changed, retryable, remedy, requestId } = error;
    const world = { no: 'Nothing was changed.', yes: 'Something was changed.', unknown: 'It may have taken effect.' }[
      changed
    ];
    this.tell(`keyring: ${message} (${code}${requestId ? `, request ${requestId}` : ''})`);
    this.tell(`  ${world} ${retryable ? 'It may be run again. ' : ''}${remedy}`);
    return code === 'INVALID_INPUT' ? EXIT.usage : EXIT.unknown;
  }
}
