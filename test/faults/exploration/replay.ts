import { KeyringError } from '../../../core/errors.ts';
import { type Call, LOST, type Result } from './call.ts';
import type { Ask } from './outside.ts';

/** All that a process can reach. */
export interface Outside {
  readonly ask: Ask;
  /** Milliseconds. */
  readonly now: () => number;
}

/** The shipped code of one process, from its beginning to its end. */
export type Program<End> = (outside: Outside) => Promise<End>;

/** A result, and the time when it came, milliseconds. */
export interface Answer {
  readonly result: Result;
  readonly at: number;
}

/** Where a process stands after a history of answers: at its next call, or at its end. */
export type Standing<End> =
  | { readonly at: 'call'; readonly call: Call }
  | { readonly at: 'end'; readonly end: End }
  | { readonly at: 'error'; readonly code: string };

/** More calls than any process makes that has not lost its way. */
const MOST_CALLS = 300;
/** Turns of the event loop: more than any process takes to its next call. */
const MOST_TURNS = 1_000;

/**
 * A process as a function of what it was answered: its local state is its history, so it is run again from the start with the
 * recorded answers until it asks for one that is not there.
 */
export async function standingAfter<End>(
  program: Program<End>,
  history: readonly Answer[],
  startedAt: number,
): Promise<Standing<End>> {
  let answered = 0;
  let now = startedAt;
  let standing: Standing<End> | undefined;
  const ask = (call: Call): Promise<Result> => {
    const answer = history[answered++];
    if (answer) {
      now = answer.at;
      return Promise.resolve(answer.result);
    }
    standing = { at: 'call', call };
    return new Promise(() => {});
  };
  let broken: unknown;
  ended(program({ ask, now: () => now })).then(
    (end) => {
      standing = end;
    },
    (error: unknown) => {
      broken = error ?? new Error('nothing was thrown');
    },
  );
  // Nothing in a program waits for anything but `ask`, so it has come to rest when the microtasks are done.
  for (let turns = 0; !standing; turns++) {
    if (broken !== undefined) throw broken;
    if (turns > MOST_TURNS) throw new Error('a process waits for something that nobody was asked for');
    await new Promise((resolve) => setImmediate(resolve));
  }
  return standing;
}

/** A process from its beginning to its end, with nobody else about. @returns where it ended @throws Error after 300 calls */
export async function runAlone<End>(program: Program<End>, apply: Ask, startedAt: number): Promise<Standing<End>> {
  let now = startedAt;
  let calls = 0;
  const ask = async (call: Call): Promise<Result> => {
    if (++calls > MOST_CALLS) return LOST;
    if (call.to === 'clock') now += call.milliseconds;
    return await apply(call);
  };
  const standing = await ended(program({ ask, now: () => now }));
  if (calls > MOST_CALLS) throw new Error(`a process alone makes more than ${MOST_CALLS} calls`);
  return standing;
}

async function ended<End>(running: Promise<End>): Promise<Standing<End>> {
  try {
    return { at: 'end', end: await running };
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error;
    return { at: 'error', code: error.code };
  }
}
