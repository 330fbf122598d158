import type { RunnerMasker } from './runner-masker.ts';
import { parseWorkflowCommand, type WorkflowCommand } from './workflow-command.ts';

/** A line that the process printed, before masking. */
export interface RawLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** The runner took it as an `::add-mask::` command and does not show it. */
  readonly isMask: boolean;
}

export interface Annotations {
  readonly errors: string[];
  readonly warnings: string[];
  readonly notices: string[];
}

const ANNOTATION: Readonly<Record<string, keyof Annotations>> = {
  error: 'errors',
  warning: 'warnings',
  notice: 'notices',
};

/** Takes a stage's lines in order, acts on the commands among them, and writes the log as a reader of the job would see it. */
export class StepLog {
  readonly rawLines: RawLine[] = [];
  readonly maskedLines: string[] = [];
  readonly masks: string[] = [];
  /** Messages as the process or the runner gave them, unmasked: a secret in one is a finding even where a mask would hide it. */
  readonly annotations: Annotations = { errors: [], warnings: [], notices: [] };
  /** What the deprecated `set-output` and `save-state` commands set; the files are the way to do it. */
  readonly printedOutputs = new Map<string, string>();
  readonly printedState = new Map<string, string>();
  readonly #masker: RunnerMasker;
  #resumeToken: string | undefined;

  constructor(masker: RunnerMasker) {
    this.#masker = masker;
  }

  /** One line of the process's stdout or stderr. */
  process(stream: RawLine['stream'], text: string): void {
    if (this.#resumeToken !== undefined) {
      const resumes = text.trim() === `::${this.#resumeToken}::`;
      if (resumes) this.#resumeToken = undefined;
      this.rawLines.push({ stream, text, isMask: false });
      if (!resumes) this.write(text);
      return;
    }
    const command = parseWorkflowCommand(text);
    this.rawLines.push({ stream, text, isMask: command?.name === 'add-mask' });
    if (command) this.#obey(command);
    else this.write(text);
  }

  /** A message of the runner itself or of a command, masked line by line. */
  write(text: string, tag = ''): void {
    for (const line of text.split(/\r?\n/)) this.maskedLines.push(this.#masker.mask(tag + line));
  }

  annotate(kind: keyof Annotations, message: string): void {
    this.annotations[kind].push(message);
    this.write(message, `##[${kind.slice(0, -1)}]`);
  }

  #obey({ name, properties, data }: WorkflowCommand): void {
    const kind = ANNOTATION[name];
    if (kind) this.annotate(kind, data);
    else if (name === 'add-mask') this.#addMask(data);
    else if (name === 'stop-commands') this.#resumeToken = data;
    else if (name === 'debug' || name === 'group') this.write(data, `##[${name}]`);
    else if (name === 'endgroup') this.write('', '##[endgroup]');
    else if (name === 'set-output') this.#setOutput(properties.name ?? '', data);
    else if (name === 'save-state') this.#saveState(properties.name ?? '', data);
    else if (name === 'set-env' || name === 'add-path') this.annotate('errors', `The \`${name}\` command is disabled.`);
  }

  #addMask(data: string): void {
    if (data.trim() === '') {
      this.annotate('warnings', "Can't add secret mask for empty string in ##[add-mask] command.");
      return;
    }
    this.masks.push(data);
    this.#masker.addMask(data);
  }

  #setOutput(name: string, value: string): void {
    this.annotate('warnings', 'The `set-output` command is deprecated.');
    this.printedOutputs.set(name, value);
  }

  #saveState(name: string, value: string): void {
    this.annotate('warnings', 'The `save-state` command is deprecated.');
    this.printedState.set(name, value);
  }
}

/** Cuts a stream of text into lines as the runner's reader does: at LF, CRLF and a lone CR. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: string): void {
    const text = this.#rest + chunk;
    // A CR at the very end may be the first half of a CRLF.
    const heldBack = text.endsWith('\r') ? '\r' : '';
    const lines = text.slice(0, text.length - heldBack.length).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + heldBack;
    for (const line of lines) this.#onLine(line);
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest.replace(/\r$/, ''));
    this.#rest = '';
  }
}
