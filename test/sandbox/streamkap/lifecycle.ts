import type { StoredKey, World } from './tenant.ts';

/** What time alone will still change, in the order in which it happens. */
function upcoming({ tenant }: World): { due: number; apply: (world: World) => void }[] {
  const keys = tenant.keys.flatMap((key) =>
    key.due === null ? [] : [{ due: key.due, apply: (world: World) => finish(world, key) }],
  );
  const passwords = tenant.passwordChanges.map((change) => ({
    due: change.due,
    apply: (world: World) => arrive(world, change.username),
  }));
  return [...keys, ...passwords].sort((a, b) => a.due - b.due);
}

/** Applies every effect whose time has come. Called before every request, so that no timer is needed. */
export function settle(world: World): void {
  const now = world.settings.now();
  for (const event of upcoming(world)) {
    if (event.due <= now) event.apply(world);
  }
}

/** @returns epoch milliseconds of the next effect that time alone will bring, or undefined. */
export function nextDue(world: World): number | undefined {
  return upcoming(world)[0]?.due;
}

/** Starts provisioning; the key is `active` (or `failed`) at once when there is no latency. */
export function beginCreate(world: World, key: StoredKey): void {
  key.status = 'creating';
  key.willFail = world.tenant.failCreates > 0;
  if (key.willFail) world.tenant.failCreates--;
  key.due = world.settings.now() + world.settings.createLatencyMs;
  settle(world);
}

/** Starts deletion; API credential and Kafka user go when it ends well, so a `delete_failed` key still works. */
export function beginDelete(world: World, key: StoredKey): void {
  key.status = 'deleting';
  key.willFail = world.tenant.failDeletes > 0;
  if (key.willFail) world.tenant.failDeletes--;
  key.due = world.settings.now() + world.settings.deleteLatencyMs;
  settle(world);
}

function finish(world: World, key: StoredKey): void {
  key.due = null;
  const failed = key.willFail;
  key.willFail = false;
  if (key.status === 'creating') {
    key.status = failed ? 'failed' : 'active';
    if (!failed && key.kafka !== null) setLogin(world, key.kafka.username, key.kafka.password);
  } else if (failed) {
    key.status = 'delete_failed';
  } else {
    remove(world, key);
  }
}

function remove(world: World, key: StoredKey): void {
  const { tenant, settings } = world;
  tenant.keys = tenant.keys.filter((entry) => entry !== key);
  tenant.credentials = tenant.credentials.filter((entry) => entry.projectKeyId !== key.id);
  const username = key.kafka?.username;
  if (username === undefined) return;
  tenant.passwordChanges = tenant.passwordChanges.filter((change) => change.username !== username);
  delete tenant.logins[username];
  settings.kafkaUsers.delete(username);
}

/** Makes logins accept this password, and no other for this user, from now on. */
export function setLogin({ tenant, settings }: World, username: string, password: string): void {
  tenant.logins[username] = password;
  settings.kafkaUsers.set(username, password);
}

/** Takes a new password on; logins see it, and open sessions end, after the delay. Without delay: before this returns. */
export function changePassword(world: World, key: StoredKey, change: { password: string; delayMs: number }): void {
  if (key.kafka === null) return;
  const { username } = key.kafka;
  key.kafka.password = change.password;
  const others = world.tenant.passwordChanges.filter((entry) => entry.username !== username);
  const due = world.settings.now() + change.delayMs;
  world.tenant.passwordChanges = [...others, { username, password: change.password, due }];
  if (change.delayMs <= 0) arrive(world, username);
}

function arrive(world: World, username: string): void {
  const change = world.tenant.passwordChanges.find((entry) => entry.username === username);
  if (change === undefined) return;
  world.tenant.passwordChanges = world.tenant.passwordChanges.filter((entry) => entry !== change);
  setLogin(world, username, change.password);
  world.settings.onPasswordChanged(username);
}
