import { maskLeaf, maskSet, maskText } from '../core/mask-set.ts';
import type { Credential } from '../core/provisioning/kind.ts';
import { Redactor } from '../core/redaction.ts';
import { findLeaves } from '../core/secret-leaves.ts';
import type { Runner } from './runner.ts';

/** Registers secrets with the runner, each once, before anything else is done with them. */
export class Masking {
  readonly #runner: Runner;
  readonly #maskIdentifiers: boolean;
  readonly #redactor = new Redactor();
  readonly #seen = new Set<string>();

  constructor(runner: Runner, { maskIdentifiers }: { maskIdentifiers: boolean }) {
    this.#runner = runner;
    this.#maskIdentifiers = maskIdentifiers;
  }

  /** A credential in every form, or one secret on its own. */
  add(secret: string | Credential): void {
    const { masks, warnings } =
      typeof secret === 'string' ? maskLeaf(secret) : maskSet(secret, { maskIdentifiers: this.#maskIdentifiers });
    for (const mask of masks) this.#once(mask, () => this.#runner.setSecret(mask));
    for (const warning of warnings) this.#once(warning, () => this.#runner.warning(warning));
    for (const leaf of leavesOf(secret)) this.#redactor.add(leaf);
  }

  /** A text that holds secrets in forms of its own. @param secrets as they stand in the text */
  addText(text: string, secrets: readonly string[]): void {
    for (const mask of maskText(text, secrets).masks) this.#once(mask, () => this.#runner.setSecret(mask));
  }

  /** The net under texts that come from elsewhere. */
  readonly redact = (text: string): string => this.#redactor.redact(text);

  #once(text: string, act: () => void): void {
    if (this.#seen.has(text)) return;
    this.#seen.add(text);
    act();
  }
}

function leavesOf(secret: string | Credential): string[] {
  return typeof secret === 'string' ? [secret] : findLeaves(secret).secrets;
}
