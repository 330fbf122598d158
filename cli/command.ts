import { Redactor } from '../core/redaction.ts';
import { Terminal, type TerminalStream } from './terminal.ts';

/** What a command is given of the world around it. */
export interface CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
  /** What it adds is in no line that the terminal writes. */
  readonly redactor: Redactor;
}

/**
 * @param options with the Region that was given, if one was
 * @returns the process's environment with that Region; AWS's client looks in the process's own and nowhere else, so it is put there too
 */
export function awsEnvironment(
  { region }: { readonly region?: string | undefined },
  context: Pick<CommandContext, 'environment'>,
): NodeJS.ProcessEnv {
  if (region) process.env.AWS_REGION = region;
  return { ...context.environment, ...(region ? { AWS_REGION: region } : {}) };
}

/** Runs a command. @returns its exit code; an error is told, and is 2 for a wrong option or file, else 3 */
export async function runCommand(
  command: (context: CommandContext) => Promise<number>,
  { environment, stderr }: { environment: NodeJS.ProcessEnv; stderr: TerminalStream },
): Promise<number> {
  const redactor = new Redactor();
  const terminal = new Terminal(stderr, redactor);
  try {
    return await command({ environment, terminal, redactor });
  } catch (error) {
    return terminal.fail(error);
  }
}
