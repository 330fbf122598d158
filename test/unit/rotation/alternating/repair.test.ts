import { describe, expect, it } from 'vitest';
import { FIRST, SECRET, versionId } from '../world.ts';
import { ACL, type PairWorld, paired, ROLES } from './pair-world.ts';

const BEHIND = 'Behind!Our0Back0000';
const PATCH = { service: 'streamkap', operation: 'PATCH /project-keys/{id}' } as const;

/** The pair's second turn has begun: B is current, A is idle. */
async function turning(...options: Parameters<typeof paired>): Promise<PairWorld> {
  const world = await paired(...options);
  world.begin('third');
  return world;
}
const turn = async (world: PairWorld) => {
  const codes: (string | undefined)[] = [];
  for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const) {
    const code = await world.step(step, 'third');
    codes.push(code);
    if (code) break;
  }
  return codes;
};
const DONE = Array(4).fill(undefined);
/** The current key and what is stored for it are as before. */
const untouched = (world: PairWorld) => {
  expect(world.current?.username).toBe('orders-b');
  expect(world.violations).toEqual([]);
};

describe("the standby secret's repair", () => {
  const cutAfterMove = async (world: PairWorld) => {
    world.observe = ({ step, operation }, moment) =>
      step === 'finishSecret' && operation === 'PutSecretValue' && moment === 'before' ? 'kill' : undefined;
    await turn(world);
    world.observe = undefined;
  };

  it('when finishSecret died after the move, its replay puts the outgoing file there', async () => {
    const world = await turning();
    const outgoing = world.current;
    await cutAfterMove(world);
    expect(world.standby?.username).toBe(world.current?.username);
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.standby).toEqual(outgoing);
  });

  it('a replay that finds it done writes nothing', async () => {
    const world = await turning();
    await turn(world);
    world.calls.length = 0;
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.count('PutSecretValue')).toBe(0);
  });

  it('when nobody replays, the next createSecret puts it there, found by its key id', async () => {
    const world = await turning();
    const outgoing = world.current;
    await cutAfterMove(world);
    world.begin('fourth');
    expect(await world.step('createSecret', 'fourth')).toBeUndefined();
    expect(world.standby).toEqual(outgoing);
    expect(world.stored(SECRET, { stage: 'AWSPENDING' })?.kafka?.username).toBe('orders-b');
  });

  it('when the file is stored nowhere, it is made again from tags and detail, with a new password', async () => {
    const world = await paired();
    const { current } = world;
    world.putStandby(world.stored(SECRET), 'manual');
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('manual') },
      SecretString: JSON.stringify({ ...world.stored(SECRET), note: 'by hand' }),
    });
    expect(await world.rotate('third')).toBe('succeeded');
    expect(world.current?.username).toBe('orders');
    expect(world.current?.password).not.toBe(FIRST);
    expect(world.stored(SECRET)).toMatchObject({
      kafka: { bootstrap_servers: 'broker.example:9092', security_protocol: 'SASL_SSL', sasl_mechanism: 'PLAIN' },
      kafka_acls: [ACL],
      api: null,
    });
    expect(world.standby).toEqual(current);
    expect(world.violations).toEqual([]);
  });

  it('when the file is stored nowhere and the key has API access, says that its secret is lost', async () => {
    const world = await paired({}, { roleIds: [ROLES.dataAdmin] });
    world.putStandby(world.stored(SECRET), 'manual');
    const SecretString = JSON.stringify({ ...world.stored(SECRET), note: 'by hand' });
    world.secrets.call('PutSecretValue', { SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString });
    world.begin('third');
    expect(await turn(world)).toEqual(['API_SECRET_LOST']);
    untouched(world);
  });

  it.each([
    ['a third key', (world: PairWorld) => ({ ...world.stored(SECRET), project_key_id: 'third-key' })],
    ['no credential file', () => ({ hello: 'world' })],
  ])('is left to people when it holds %s', async (_, value) => {
    const world = await turning();
    world.putStandby(value(world), 'manual');
    world.calls.length = 0;
    expect(await turn(world)).toEqual(['STANDBY_MISMATCH']);
    expect(world.count('PutSecretValue')).toBe(0);
    untouched(world);
  });
});

describe('the idle key, before it is used', () => {
  it('gets ACLs, safe list and roles that the current one was given meanwhile, before its password', async () => {
    const world = await paired({}, { roleIds: [ROLES.dataAdmin] });
    const acls = [
      { ...ACL, topic_name: 'payments' },
      { ...ACL, resource: 'GROUP', topic_name: 'readers' },
    ];
    world.edit('orders-b', ({ kafka }) => Object.assign(kafka, { acls, whitelistIps: '10.1.0.0/16, 10.0.0.1' }));
    const snapshot = JSON.parse(world.streamkap.snapshot()) as {
      credentials: { clientId: string; roleIds: string[] }[];
    };
    const { apiClientId } = world.keyOf('orders-b');
    for (const credential of snapshot.credentials)
      if (credential.clientId === apiClientId) credential.roleIds = [ROLES.admin];
    world.streamkap.restore(JSON.stringify(snapshot));
    expect(await world.rotate('third')).toBe('succeeded');
    const idle = world.keyOf('orders');
    expect(idle.kafka).toMatchObject({ acls, whitelistIps: '10.0.0.1,10.1.0.0/16' });
    const credential = world.streamkap.clientCredentials.find(({ clientId }) => clientId === idle.apiClientId);
    expect(credential?.roleIds).toEqual([ROLES.admin]);
    expect(world.calls.filter(({ operation }) => operation.startsWith('PATCH')).map(({ what }) => what)).toEqual([
      undefined,
      'third',
    ]);
    expect(world.current?.username).toBe('orders');
  });

  it('is not changed when ACLs and safe list differ in order and spelling only', async () => {
    const acls = [ACL, { ...ACL, operation: 'WRITE' }];
    const world = await paired({}, { acls, whitelistIps: '10.0.0.1,10.0.0.2' });
    world.edit('orders-b', ({ kafka }) =>
      Object.assign(kafka, { acls: [...acls].reverse(), whitelistIps: '10.0.0.2, 10.0.0.1' }),
    );
    await world.rotate('third');
    expect(world.patches).toEqual(['third']);
  });

  it('loses ACLs that somebody gave it in the console', async () => {
    const world = await paired();
    world.edit('orders', ({ kafka }) => {
      kafka.acls = [ACL, { ...ACL, topic_name: 'secrets' }];
    });
    await world.rotate('third');
    expect(world.keyOf('orders').kafka?.acls).toEqual([ACL]);
  });

  it('with a safe list that the current one has not is refused: no call takes one away', async () => {
    const world = await turning();
    world.edit('orders', ({ kafka }) => {
      kafka.whitelistIps = '10.0.0.1';
    });
    expect(await turn(world)).toEqual([undefined, 'GRANTS_NOT_COPIED']);
    expect(world.patches).toEqual([]);
    untouched(world);
  });

  it('is refused when Streamkap says that it copied and did not', async () => {
    const world = await turning();
    world.edit('orders', ({ kafka }) => {
      kafka.acls = [];
    });
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 200 } });
    expect(await turn(world)).toEqual([undefined, 'GRANTS_NOT_COPIED']);
    expect(world.calls.filter(({ operation }) => operation.startsWith('PATCH'))).toHaveLength(1);
    untouched(world);
  });

  it('whose copy was not confirmed is looked at: gone through or to be tried again', async () => {
    for (const [when, code] of [
      ['after', undefined],
      ['before', 'GRANTS_UNCERTAIN'],
    ] as const) {
      const world = await turning();
      world.edit('orders', ({ kafka }) => {
        kafka.acls = [];
      });
      world.fault({ ...PATCH, action: { kind: 'drop', when } });
      expect((await turn(world))[1]).toBe(code);
      expect(world.violations).toEqual([]);
      if (code) expect(await turn(world)).toEqual(DONE);
    }
  });

  it('is refused when only one of the two has API access', async () => {
    const world = await turning();
    world.edit('orders', (key) => {
      key.apiClientId = world.streamkap.clientCredentials[0]?.clientId;
    });
    expect(await turn(world)).toEqual([undefined, 'API_ACCESS_DIFFERS']);
    expect(world.patches).toEqual([]);
    untouched(world);
  });

  it('that was deleted is named, and not made again', async () => {
    const world = await turning();
    world.streamkap.removeProjectKey(world.keyOf('orders').id);
    expect(await turn(world)).toEqual([undefined, 'IDLE_KEY_NOT_FOUND']);
    expect(world.errors[0]).toMatchObject({ changed: 'no', retryable: false });
    expect(world.calls.filter(({ operation }) => /^(POST \/project|PATCH)/.test(operation))).toEqual([]);
    untouched(world);
  });

  it('that is not active is named', async () => {
    const world = await turning();
    world.edit('orders', (key) => {
      key.status = 'delete_failed';
    });
    expect(await turn(world)).toEqual([undefined, 'PROJECT_KEY_NOT_ACTIVE']);
    expect(world.patches).toEqual([]);
    untouched(world);
  });

  it('whose password was changed in the console gets the new one like any other', async () => {
    const world = await turning();
    world.edit('orders', ({ kafka }) => {
      kafka.password = BEHIND;
    });
    expect(await turn(world)).toEqual(DONE);
    expect(world.patches).toEqual(['third']);
    expect(world.violations).toEqual([]);
  });

  it('is not used when the current one is gone from Streamkap: there is nothing to copy from', async () => {
    const world = await turning();
    world.streamkap.removeProjectKey(world.keyOf('orders-b').id);
    expect(await turn(world)).toEqual([undefined, 'PROJECT_KEY_NOT_FOUND']);
    expect(world.patches).toEqual([]);
  });
});
