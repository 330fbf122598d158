import type { KafkaCredentialFile } from '../../credential-file.ts';
import type { ProjectKeyDetail } from '../../streamkap/schemas.ts';
import * as errors from './errors.ts';
import type { Pair } from './pair.ts';
import { rebuiltFile } from './rebuilt-file.ts';
import type { StandbyFile, StandbySecret } from './standby.ts';

/** The idle key's file, and what is known of it. */
export interface IdleFile {
  readonly file: KafkaCredentialFile;
  /** The standby's version that it was in; undefined when it was not there. */
  readonly at: StandbyFile | undefined;
  /** Nobody knows the key's password: the one in the file is empty. */
  readonly isRebuilt?: boolean;
  /** It was under AWSPREVIOUS only, and belongs into the standby secret. */
  readonly isMisplaced?: boolean;
}

export interface IdleFileSources {
  readonly standby: Pick<StandbySecret, 'name' | 'read'>;
  readonly pair: Pair;
  readonly current: KafkaCredentialFile;
  /** The file under AWSPREVIOUS, if it is one. */
  readonly previous: () => Promise<KafkaCredentialFile | undefined>;
  /** @throws RotationError when the idle key is not there or not active */
  readonly detail: () => Promise<ProjectKeyDetail>;
}

/** Finds the idle key's file as {@link lookForIdleFile} does, and puts it into the standby secret where it is not there. */
export async function findIdleFile(
  sources: IdleFileSources & {
    readonly standby: StandbySecret;
    /** What made the current credential so. */
    readonly currentToken: string;
  },
): Promise<IdleFile> {
  const found = await lookForIdleFile(sources);
  // The move was the last thing that the rotation before did: what follows it is done now.
  if (found.isMisplaced) await sources.standby.keep(found.file, sources.currentToken);
  return found;
}

/**
 * Looks for the idle key's file, and changes nothing: in the standby secret; else under AWSPREVIOUS, known by its key id; else made
 * again from the pair's tags and the key's detail, without its password, which nobody can read.
 * @throws RotationError STANDBY_NOT_FOUND, STANDBY_MISMATCH, and what {@link rebuiltFile} throws
 */
export async function lookForIdleFile(sources: IdleFileSources): Promise<IdleFile> {
  const { standby, pair, current } = sources;
  const at = await standby.read();
  if (at?.file.project_key_id === pair.idle.id) return { file: at.file, at };
  if (at && at.file.project_key_id !== pair.activeId) {
    throw errors.standbyMismatch(standby.name, 'it is of a third key');
  }
  const before = await sources.previous();
  if (before?.project_key_id === pair.idle.id) return { file: before, at: undefined, isMisplaced: true };
  return { file: rebuiltFile(await sources.detail(), pair.idle, current), at: undefined, isRebuilt: true };
}
