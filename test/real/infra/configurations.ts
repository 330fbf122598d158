const schedule = { rate: '30 days' };

/** Every part that a stack may have, in a partition where some services are called otherwise. */
function everything(name: string, region: string, account: string) {
  return {
    ...{ name, region, account, adminSecret: { name: 'streamkap/admin' }, keyStacks: 4 },
    projectKeys: [
      { name: 'orders', secretName: 'streamkap/keys/orders', schedule, provisioned: true },
      { name: 'clicks', secretName: 'streamkap/keys/clicks', schedule, provisioned: true, strategy: 'alternating' },
    ],
    rotation: { staticEgress: { zones: 2 }, retirePreviousAfterHours: 24 },
    ...{ adminRotation: { schedule }, evidence: { lock: 'compliance', athena: true }, dashboard: true },
    alarms: { emails: ['team@example.com'] },
    githubAccess: {
      roles: [
        { name: 'ci', repository: 'acme/app', environment: 'production', readWrite: ['orders'], read: ['clicks'] },
      ],
    },
  };
}

export const OTHER_PARTITIONS = {
  stacks: [
    everything('china', 'cn-north-1', '123456789012'),
    everything('government', 'us-gov-west-1', '210987654321'),
  ],
};
