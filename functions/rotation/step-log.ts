import type { Redactor } from '../../core/redaction.ts';

/** Where log lines go; powertools' Logger fits. */
export interface LineLogger {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

export interface LogFields {
  readonly [name: string]: LogValue;
}

type LogValue = string | number | boolean | undefined | LogFields | readonly LogValue[];

/** The lines of one step. Each has what it is about; what slips through in a text is taken out by value. */
export class StepLog {
  readonly #logger: LineLogger;
  readonly #redactor: Redactor;
  readonly #about: LogFields;

  constructor(logger: LineLogger, redactor: Redactor, about: LogFields) {
    this.#logger = logger;
    this.#redactor = redactor;
    this.#about = about;
  }

  write(level: keyof LineLogger, message: string, fields: LogFields): void {
    this.#logger[level](this.#redactor.redact(message), this.#clean({ ...this.#about, ...fields }));
  }

  #clean(fields: LogFields): LogFields {
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, this.#cleanValue(value)]));
  }

  #cleanValue(value: LogValue): LogValue {
    if (typeof value === 'string') return this.#redactor.redact(value);
    if (isList(value)) return value.map((each) => this.#cleanValue(each));
    return typeof value === 'object' ? this.#clean(value) : value;
  }
}

/** Array.isArray does not narrow a readonly array. */
function isList(value: LogValue): value is readonly LogValue[] {
  return Array.isArray(value);
}
