import { expect, test } from 'vitest';
import { Bench, OTHER_PASSWORD, PASSWORD } from './fixture.ts';

test('equal histories give equal snapshots', () => {
  const history = (bench: Bench): string => {
    const id = bench.kafkaKey();
    bench.get('/project-keys');
    bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    return bench.state.snapshot();
  };
  expect(history(new Bench())).toBe(history(new Bench()));
});

test('reading changes no snapshot, nor does fetching a token', () => {
  const bench = new Bench();
  bench.kafkaKey();
  const before = bench.state.snapshot();
  bench.get('/project-keys');
  bench.tokenFor('admin-client', 'admin-secret-0000');
  expect(bench.state.snapshot()).toBe(before);
});

test('coming back to a snapshot undoes keys, passwords on their way, and logins', () => {
  const bench = new Bench({ propagationDelayMs: 1000 });
  const id = bench.kafkaKey('orders');
  const before = bench.state.snapshot();
  bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
  bench.kafkaKey('billing');
  const later = bench.state.snapshot();

  bench.state.restore(before);
  expect(bench.state.snapshot()).toBe(before);
  expect(bench.kafkaUsers.passwordOf('billing')).toBeUndefined();
  bench.now += 5000;
  bench.state.settle();
  expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);

  bench.state.restore(later);
  bench.state.settle();
  expect(bench.kafkaUsers.passwordOf('orders')).toBe(OTHER_PASSWORD);
  expect(bench.kafkaUsers.passwordOf('billing')).toBe(PASSWORD);
});

test('a snapshot is not touched by what happens after it', () => {
  const bench = new Bench();
  const id = bench.kafkaKey();
  const before = bench.state.snapshot();
  bench.state.restore(before);
  bench.patch(`/project-keys/${id}`, { name: 'other' });
  bench.state.restore(before);
  expect(bench.state.projectKeys[0]?.name).toBe('orders');
});

test('whatever is sent, the tenant answers', () => {
  const bench = new Bench();
  for (const path of ['', '/', '//', '/project-keys/%E0%A4%A', '/project-keys/a/b', '/project-keys?x=1']) {
    for (const method of ['GET', 'POST', 'PATCH', 'TRACE', '']) {
      expect(bench.send({ method, path, body: '[1' }).status).toBeLessThan(500);
    }
  }
});

test('a key removed behind the caller’s back is gone with its login', () => {
  const bench = new Bench();
  const id = bench.kafkaKey();
  bench.state.removeProjectKey(id);
  expect(bench.get(`/project-keys/${id}`).status).toBe(404);
  expect(bench.kafkaUsers.passwordOf('orders')).toBeUndefined();
});
