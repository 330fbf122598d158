import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** What the runner takes from an action.yml. */
export interface ActionManifest {
  readonly name: string;
  /** Declared inputs with their defaults, in the order of the file. */
  readonly inputs: ReadonlyMap<string, string>;
  /** File names of the two stages. */
  readonly main: string;
  readonly post: string | undefined;
}

/** @throws Error unless it is an action for Node 24 */
export async function readManifest(path: string): Promise<ActionManifest> {
  const yaml: unknown = parse(await readFile(path, 'utf8'));
  const runs = field(yaml, 'runs');
  if (field(runs, 'using') !== 'node24') throw new Error(`${path}: runs.using is not node24`);
  const inputs = new Map<string, string>();
  for (const [name, declaration] of Object.entries(field(yaml, 'inputs') ?? {})) {
    const fallback = field(declaration, 'default');
    inputs.set(name, fallback === undefined || fallback === null ? '' : String(fallback));
  }
  const post = field(runs, 'post');
  return {
    name: String(field(yaml, 'name') ?? 'action'),
    inputs,
    main: String(field(runs, 'main')),
    post: post === undefined ? undefined : String(post),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

export interface ResolvedInputs {
  /** Given and default values by input name. */
  readonly values: ReadonlyMap<string, string>;
  /** `INPUT_<NAME>` for every one of them: spaces become underscores, hyphens stay. */
  readonly environment: Readonly<Record<string, string>>;
  /** The runner's warning about inputs the action does not declare. */
  readonly warning: string | undefined;
}

/** All declared inputs are present, empty when unset. Undeclared ones are passed on too, with a warning. Case is ignored. */
export function resolveInputs(manifest: ActionManifest, given: Readonly<Record<string, string>>): ResolvedInputs {
  const values = new Map(manifest.inputs);
  const declared = new Map([...manifest.inputs.keys()].map((name) => [name.toLowerCase(), name]));
  const unexpected: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const known = declared.get(name.toLowerCase());
    if (known === undefined) unexpected.push(name);
    values.set(known ?? name, value);
  }
  const list = (names: Iterable<string>) => [...names].map((name) => `'${name}'`).join(', ');
  return {
    values,
    environment: Object.fromEntries(
      [...values].map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
    ),
    warning:
      unexpected.length === 0
        ? undefined
        : `Unexpected input(s) ${list(unexpected)}, valid inputs are [${list(manifest.inputs.keys())}]`,
  };
}
